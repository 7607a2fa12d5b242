import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshError } from '../../../errors/mesh-error.js';
import { formatUrn } from '../../../protocol/urn.js';
import { ClassSchemas } from './class-schema.js';
import type { DescribedService } from './described-service.js';
import type { JsonSchema, JsonValue } from './json-schema.js';
import { argumentsSchema, contentSchema } from './service-schema.js';
import { yamlText } from './yaml-text.js';

/** Whose services are described. */
export interface DescribedApp {
  readonly name: string;
  readonly version: string;
  readonly nodeId: string;
  readonly domain: string;
}

type Formatter = (app: DescribedApp, services: readonly DescribedService[]) => string;

/** The forms of a description. The SDKs leave the names open; these are ours. */
const FORMATTERS: Readonly<Record<string, Formatter>> = {
  schema: (app, services) => jsonText(schemaDocument(app, services)),
  openapi: (app, services) => jsonText(openApiDocument(app, services)),
  yaml: (app, services) => yamlText(openApiDocument(app, services)),
};

/** What `builtin.doc` serves. */
export class Documents {
  /** @param services the services to describe, at present */
  constructor(
    private readonly app: DescribedApp,
    private readonly services: () => readonly DescribedService[],
  ) {}

  /**
   * Describes services.
   *
   * @param name of a service, or that with which the names of several begin (`mesh.trust`); empty, or the application's own
   * name, is all of them
   * @param formatter `schema` (JSON Schema, which empty means, too), `openapi` (JSON) or `yaml` (OpenAPI)
   * @throws MeshError E0000000400 for a formatter that there is not, E0000000404 when no service has such a name
   */
  render(name: string, formatter: string): string {
    const format = formatter === '' ? 'schema' : formatter;
    if (!Object.hasOwn(FORMATTERS, format)) {
      const known = Object.keys(FORMATTERS).join(', ');
      throw new MeshError(MeshCode.INVALID_REQUEST, `no formatter '${cut(format)}': there are ${known}`);
    }
    return FORMATTERS[format]!(this.app, this.chosen(name));
  }

  private chosen(name: string): readonly DescribedService[] {
    const all = this.services();
    if (name === '' || name === '${mesh.name}') return all;
    const prefix = name.replace(/\.?\*?$/, '.');
    const some = all.filter(({ service }) => service === name || service.startsWith(prefix));
    if (some.length > 0) return some;
    if (name === this.app.name) return all;
    throw new MeshError(MeshCode.NOT_FOUND, `no service here is named '${cut(name)}', nor begins with it`);
  }
}

function schemaDocument(app: DescribedApp, services: readonly DescribedService[]): JsonSchema {
  const classes = new ClassSchemas('#/$defs/');
  const described = services.map((one): [string, JsonValue] => [
    one.service,
    {
      urn: urnOf(one, app),
      ...times(one),
      arguments: argumentsSchema(one, classes),
      content: contentSchema(one),
    },
  ]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: app.name,
    version: app.version,
    services: Object.fromEntries(described),
    $defs: classes.all,
  };
}

/**
 * OpenAPI tells operations apart by their paths, but all services have one path: the name of the service stands behind it as
 * a fragment, which is not sent.
 */
function openApiDocument(app: DescribedApp, services: readonly DescribedService[]): JsonSchema {
  const classes = new ClassSchemas('#/components/schemas/');
  const paths = services.map((one): [string, JsonValue] => [
    `/mesh/invoke#${one.service}`,
    { post: operation(one, app, classes) },
  ]);
  return {
    openapi: '3.1.0',
    info: { title: app.name, version: app.version },
    paths: Object.fromEntries(paths),
    components: { schemas: classes.all },
  };
}

function operation(described: DescribedService, app: DescribedApp, classes: ClassSchemas): JsonSchema {
  return {
    operationId: described.service,
    ...times(described),
    parameters: [{ name: 'mesh-urn', in: 'header', required: true, schema: { const: urnOf(described, app) } }],
    requestBody: { required: true, content: inJson(argumentsSchema(described, classes)) },
    responses: {
      200: {
        description: 'The status of the call, and what it answers when that is E0000000000',
        content: inJson({
          type: 'object',
          required: ['code', 'message'],
          properties: { code: { type: 'string' }, message: { type: 'string' }, content: contentSchema(described) },
        }),
      },
    },
  };
}

function inJson(schema: JsonSchema): JsonSchema {
  return { 'application/json': { schema } };
}

function times({ timeoutMs, idempotent }: DescribedService): JsonSchema {
  return { 'x-timeout-ms': timeoutMs, 'x-idempotent': idempotent };
}

function urnOf({ service }: DescribedService, { nodeId, domain }: DescribedApp): string {
  return formatUrn({ name: service, nodeId, domain });
}

function jsonText(value: JsonValue): string {
  return JSON.stringify(value, undefined, 2);
}

function cut(text: string): string {
  return text.slice(0, 200);
}
