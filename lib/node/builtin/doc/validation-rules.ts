import { isPlain, type JsonSchema } from './json-schema.js';

/** A rule that class-validator keeps of a property. */
export interface ValidationRule {
  /** Name of the validator, such as `minLength`. */
  readonly name?: string | undefined;
  /** `customValidation`, `nestedValidation`, `conditionalValidation`, … */
  readonly type: string;
  readonly propertyName: string;
  /** What the decorator was given. */
  readonly constraints?: readonly unknown[] | undefined;
  /** Whether the rule is one for each element. */
  readonly each: boolean;
}

type Constraints = readonly unknown[];

const text = (more: JsonSchema = {}) => ({ type: 'string', ...more });

/** A keyword whose value is the decorator's first argument, when JSON can say it. */
function given(keyword: string): (constraints: Constraints) => JsonSchema {
  return ([value]) => (isPlain(value) ? { [keyword]: value } : {});
}

/** What a validator means in JSON Schema. A rule that is not here, such as an application's own, says nothing. */
const KEYWORDS: Readonly<Record<string, JsonSchema | ((constraints: Constraints) => JsonSchema)>> = {
  isString: text(),
  isInt: { type: 'integer' },
  isNumber: { type: 'number' },
  isBoolean: { type: 'boolean' },
  isObject: { type: 'object' },
  isArray: { type: 'array' },
  isDate: text({ format: 'date-time' }),
  isDateString: text(),
  isIso8601: text(),
  isEmail: text({ format: 'email' }),
  isUrl: text({ format: 'uri' }),
  isUuid: text({ format: 'uuid' }),
  isBase64: text({ contentEncoding: 'base64' }),
  isJson: text({ contentMediaType: 'application/json' }),
  isNumberString: text(),
  isBooleanString: text(),
  isPositive: { exclusiveMinimum: 0 },
  isNegative: { exclusiveMaximum: 0 },
  arrayNotEmpty: { minItems: 1 },
  arrayUnique: { uniqueItems: true },
  min: given('minimum'),
  max: given('maximum'),
  isDivisibleBy: given('multipleOf'),
  minLength: given('minLength'),
  maxLength: given('maxLength'),
  arrayMinSize: given('minItems'),
  arrayMaxSize: given('maxItems'),
  equals: given('const'),
  isLength: ([min, max]) => ({ ...given('minLength')([min]), ...given('maxLength')([max]) }),
  isIn: ([values]) => oneOf(values),
  isEnum: ([, values]) => oneOf(values),
  matches: ([pattern]) => (pattern instanceof RegExp && pattern.flags === '' ? { pattern: pattern.source } : {}),
};

/** What a rule means in JSON Schema; nothing when that is not known. */
export function keywordsOf({ name = '', constraints = [] }: ValidationRule): JsonSchema {
  const keywords = Object.hasOwn(KEYWORDS, name) ? KEYWORDS[name]! : {};
  return typeof keywords === 'function' ? keywords(constraints) : keywords;
}

function oneOf(values: unknown): JsonSchema {
  return Array.isArray(values) && values.every(isPlain) ? { enum: values } : {};
}
