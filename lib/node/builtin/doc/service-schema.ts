import type { ClassSchemas } from './class-schema.js';
import type { DescribedSchema, DescribedService, DescribedWire } from './described-service.js';
import type { JsonSchema } from './json-schema.js';

const ANYTHING: JsonSchema = {};

/** JSON Schema of the object whose fields are the arguments of a service. */
export function argumentsSchema(described: DescribedService, classes: ClassSchemas): JsonSchema {
  const { service, names, wire, dto, schema } = described;
  if (schema) return schemaOfStandard(schema, service);
  const wired = wire?.shape.kind === 'fields' ? fieldSchemas(wire.shape.of) : {};
  if (dto) return withProperties(classes.of(dto), wired);
  const named = Object.fromEntries((names ?? []).map((name) => [name, ANYTHING]));
  return withProperties({ type: 'object' }, { ...named, ...wired });
}

/** JSON Schema of what a service answers. Only wire types say something of it: TypeScript's types are gone at run time. */
export function contentSchema({ returns }: DescribedService): JsonSchema {
  return returns ? schemaOfWire(returns) : ANYTHING;
}

function schemaOfWire({ shape }: DescribedWire): JsonSchema {
  switch (shape.kind) {
    case 'bytes':
      return { type: 'string', contentEncoding: 'base64' };
    case 'int64':
      return { type: 'integer', format: 'int64' };
    case 'list':
      return { type: 'array', items: schemaOfWire(shape.of) };
    case 'fields':
      return withProperties({ type: 'object' }, fieldSchemas(shape.of));
  }
}

function fieldSchemas(fields: Readonly<Record<string, DescribedWire>>): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(fields).map(([name, wire]) => [name, schemaOfWire(wire)]));
}

function withProperties(schema: JsonSchema, properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  if (Object.keys(properties).length === 0) return schema;
  return { ...schema, properties: { ...(schema['properties'] as JsonSchema | undefined), ...properties } };
}

/** What the library of the schema says of it; it has a document of its own, for the references within. */
function schemaOfStandard(schema: DescribedSchema, service: string): JsonSchema {
  const { vendor, jsonSchema } = schema['~standard'];
  const unknown = { type: 'object', description: `validated by a schema of ${vendor}` };
  if (!jsonSchema) return unknown;
  try {
    const { $schema: _, ...said } = jsonSchema.input({ target: 'draft-2020-12' });
    const schemaSaid = said as JsonSchema;
    return '$defs' in schemaSaid ? { $id: `urn:mesh:${service}:arguments`, ...schemaSaid } : schemaSaid;
  } catch {
    // Not everything that a schema can check can be said in JSON Schema.
    return unknown;
  }
}
