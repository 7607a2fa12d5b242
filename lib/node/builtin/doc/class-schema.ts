import type { JsonSchema, JsonValue } from './json-schema.js';
import { keywordsOf, type ValidationRule } from './validation-rules.js';

type Class = new (...args: never[]) => object;

/** The part of class-validator's storage that is read. */
interface ValidationStorage {
  readonly getTargetValidationMetadatas: (
    target: Class,
    schema: string,
    always: boolean,
    strictGroups: boolean,
  ) => readonly ValidationRule[];
}

/** JSON types of what TypeScript notes as a property's type. */
const JSON_TYPES = new Map<unknown, JsonSchema>([
  [String, { type: 'string' }],
  [Number, { type: 'number' }],
  [Boolean, { type: 'boolean' }],
  [Array, { type: 'array' }],
  [Date, { type: 'string', format: 'date-time' }],
]);

/** JSON Schemas of the classes that arguments consist of, made once for each class, and named for references. */
export class ClassSchemas {
  private readonly names = new Map<Class, string>();
  private readonly schemas: Record<string, JsonSchema> = {};

  /** @param place where the schemas are to stand in the document, such as `#/$defs/` */
  constructor(private readonly place: string) {}

  /** The schemas of the classes referred to, by name. */
  get all(): Readonly<Record<string, JsonSchema>> {
    return this.schemas;
  }

  /** The schema of a class, by what class-validator knows of its properties. */
  of(type: Class): JsonSchema {
    const rules = byProperty(rulesOf(type));
    const properties: Record<string, JsonSchema> = {};
    const required: JsonValue[] = [];
    for (const [name, own] of rules) {
      properties[name] = this.property(type, name, own);
      if (!own.some(({ type: kind }) => kind === 'conditionalValidation')) required.push(name);
    }
    return { type: 'object', properties, ...(required.length > 0 && { required }) };
  }

  private property(type: Class, name: string, rules: readonly ValidationRule[]): JsonSchema {
    const noted: unknown = Reflect.getMetadata('design:type', type.prototype as object, name);
    const each = rules.filter((rule) => rule.each);
    const whole = rules.filter((rule) => !rule.each);
    const list = noted === Array || each.length > 0;
    const items = each.length > 0 ? { items: merged({}, each) } : {};
    if (list) return merged({ type: 'array', ...items }, whole);
    if (rules.some((rule) => rule.type === 'nestedValidation') && isClass(noted)) return this.reference(noted);
    return merged(JSON_TYPES.get(noted) ?? {}, whole);
  }

  /** A class may contain itself: its name is known before its schema is. */
  private reference(type: Class): JsonSchema {
    const known = this.names.get(type);
    if (known !== undefined) return { $ref: `${this.place}${known}` };
    const name = this.nameFor(type);
    this.names.set(type, name);
    this.schemas[name] = {};
    this.schemas[name] = this.of(type);
    return { $ref: `${this.place}${name}` };
  }

  private nameFor({ name }: Class): string {
    const plain = name.replace(/[^\w.-]/g, '_') || 'Anonymous';
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? plain : `${plain}${n}`;
      if (!Object.hasOwn(this.schemas, candidate)) return candidate;
    }
  }
}

function byProperty(rules: readonly ValidationRule[]): ReadonlyMap<string, readonly ValidationRule[]> {
  const groups = new Map<string, ValidationRule[]>();
  for (const rule of rules) groups.set(rule.propertyName, [...(groups.get(rule.propertyName) ?? []), rule]);
  return groups;
}

function merged(base: JsonSchema, rules: readonly ValidationRule[]): JsonSchema {
  return Object.assign({}, base, ...rules.map(keywordsOf)) as JsonSchema;
}

function isClass(value: unknown): value is Class {
  return typeof value === 'function' && value !== Object;
}

/**
 * Class-validator is not required here: an application that uses it has loaded it, and it keeps its rules in one variable
 * of the process, so that all its copies share them.
 */
function rulesOf(type: Class): readonly ValidationRule[] {
  const storage = Reflect.get(globalThis, 'classValidatorMetadataStorage') as ValidationStorage | undefined;
  return storage ? storage.getTargetValidationMetadatas(type, '', false, false) : [];
}
