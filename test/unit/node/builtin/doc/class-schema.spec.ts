import {
  ArrayMaxSize,
  ArrayNotEmpty,
  Equals,
  IsArray,
  IsDate,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsPositive,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
  MinLength,
  Validate,
  ValidateIf,
  ValidateNested,
  ValidatorConstraint,
} from 'class-validator';
import { describe, expect, it } from 'vitest';
import { ClassSchemas } from '../../../../../lib/node/builtin/doc/class-schema.js';

const of = (type: new () => object) => new ClassSchemas('#/$defs/').of(type);

enum Colour {
  Red = 'red',
  Green = 'green',
}

describe('the JSON Schema of a class', () => {
  it('says what its validators say', () => {
    class Everything {
      @IsString() @MinLength(2) text!: string;
      @Length(1, 8) @Matches(/^[a-z]+$/) word!: string;
      @Matches(/x/i) anyCase!: string;
      @IsEmail() mail!: string;
      @IsUUID() id!: string;
      @IsInt() @Min(1) @Max(9) whole!: number;
      @IsNumber() @IsPositive() amount!: number;
      @IsIn(['a', 1]) choice!: string | number;
      @IsEnum(Colour) colour!: Colour;
      @Equals(true) agreed!: boolean;
      @IsDate() day!: Date;
    }
    expect(of(Everything)['properties']).toEqual({
      text: { type: 'string', minLength: 2 },
      word: { type: 'string', minLength: 1, maxLength: 8, pattern: '^[a-z]+$' },
      anyCase: { type: 'string' },
      mail: { type: 'string', format: 'email' },
      id: { type: 'string', format: 'uuid' },
      whole: { type: 'integer', minimum: 1, maximum: 9 },
      amount: { type: 'number', exclusiveMinimum: 0 },
      choice: { enum: ['a', 1] },
      colour: { type: 'string', enum: ['red', 'green'] },
      agreed: { type: 'boolean', const: true },
      day: { type: 'string', format: 'date-time' },
    });
  });

  it('says which elements a list has', () => {
    class Lists {
      @IsArray() @ArrayNotEmpty() @ArrayMaxSize(3) @IsInt({ each: true }) numbers!: number[];
      @IsString({ each: true }) texts!: string[];
      @IsArray() any!: unknown[];
    }
    expect(of(Lists)['properties']).toEqual({
      numbers: { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 3 },
      texts: { type: 'array', items: { type: 'string' } },
      any: { type: 'array' },
    });
  });

  it('says what may be absent', () => {
    class Partly {
      @IsString() must!: string;
      @IsOptional() @IsString() may?: string;
      @ValidateIf(() => false) @IsString() sometimes?: string;
    }
    expect(of(Partly)['required']).toEqual(['must']);
    class Nothing {}
    expect(of(Nothing)).toEqual({ type: 'object', properties: {} });
  });

  it('has what the class inherits', () => {
    class Base {
      @IsString() id!: string;
    }
    class Derived extends Base {
      @IsInt() count!: number;
    }
    expect(of(Derived)['properties']).toEqual({ id: { type: 'string' }, count: { type: 'integer' } });
  });

  it('refers to the classes within, which may be the class itself, and may share a name', () => {
    class Tree {
      @IsString() name!: string;
      @IsOptional() @ValidateNested() left?: Tree;
    }
    const other = (() => {
      class Tree {
        @IsInt() height!: number;
      }
      return Tree;
    })();
    class Garden {
      @ValidateNested() first!: Tree;
      @ValidateNested() second!: InstanceType<typeof other>;
    }
    Reflect.defineMetadata('design:type', other, Garden.prototype, 'second');
    const classes = new ClassSchemas('#/$defs/');
    expect(classes.of(Garden)['properties']).toEqual({
      first: { $ref: '#/$defs/Tree' },
      second: { $ref: '#/$defs/Tree2' },
    });
    expect(classes.all).toEqual({
      Tree: {
        type: 'object',
        properties: { name: { type: 'string' }, left: { $ref: '#/$defs/Tree' } },
        required: ['name'],
      },
      Tree2: { type: 'object', properties: { height: { type: 'integer' } }, required: ['height'] },
    });
  });

  it('passes over rules that it does not know', () => {
    @ValidatorConstraint({ name: 'constructor' })
    class Odd {
      validate(): boolean {
        return true;
      }
    }
    class Unknown {
      @Validate(Odd) value!: string;
    }
    expect(of(Unknown)['properties']).toEqual({ value: { type: 'string' } });
  });
});
