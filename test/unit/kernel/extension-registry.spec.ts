import { describe, expect, it } from 'vitest';
import { defineFamily } from '../../../lib/kernel/extension-family.js';
import { ExtensionRegistry, type ExtensionEntry } from '../../../lib/kernel/extension-registry.js';

interface Greeter {
  greet(): string;
}

const GREETER = defineFamily<Greeter>('greeter', 'plain');

class Plain implements Greeter {
  constructor(private readonly text = 'plain') {}
  greet(): string {
    return this.text;
  }
}

class Rival extends Plain {}

function entry(name: string, more: Partial<ExtensionEntry> = {}): ExtensionEntry {
  return { family: 'greeter', name, priority: 0, builtin: false, instance: new Plain(name), ...more };
}

describe('ExtensionRegistry', () => {
  it("uses the family's default among equals", () => {
    const registry = new ExtensionRegistry([entry('a'), entry('plain'), entry('z')]);
    expect(registry.get(GREETER).greet()).toBe('plain');
  });

  it('uses the highest priority before the default', () => {
    const registry = new ExtensionRegistry([entry('plain'), entry('a', { priority: 1 }), entry('b', { priority: -1 })]);
    expect(registry.get(GREETER).greet()).toBe('a');
  });

  it('uses the first by name where several outrank the default', () => {
    const registry = new ExtensionRegistry([entry('z', { priority: 1 }), entry('plain'), entry('a', { priority: 1 })]);
    expect(registry.get(GREETER).greet()).toBe('a');
  });

  it("uses the application's default instead of the family's, but no lower than what outranks both", () => {
    const entries = [entry('plain'), entry('z')];
    expect(new ExtensionRegistry(entries, {}, { greeter: 'z' }).get(GREETER).greet()).toBe('z');
    expect(new ExtensionRegistry(entries, { greeter: 'plain' }, { greeter: 'z' }).get(GREETER).greet()).toBe('plain');
    const outranked = new ExtensionRegistry([...entries, entry('a', { priority: 1 })], {}, { greeter: 'z' });
    expect(outranked.get(GREETER).greet()).toBe('a');
  });

  it('uses what the options choose before any priority, and what the caller names before that', () => {
    const entries = [entry('plain'), entry('a', { priority: 9 }), entry('b')];
    const registry = new ExtensionRegistry(entries, { greeter: 'b' });
    expect(registry.get(GREETER).greet()).toBe('b');
    expect(registry.get(GREETER, 'plain').greet()).toBe('plain');
  });

  it('lists all by priority, then by name', () => {
    const registry = new ExtensionRegistry([entry('b'), entry('c', { priority: 2 }), entry('a')]);
    expect(registry.names(GREETER)).toEqual(['c', 'a', 'b']);
    expect(registry.all(GREETER).map((greeter) => greeter.greet())).toEqual(['c', 'a', 'b']);
  });

  it('keeps families apart', () => {
    const other = entry('plain', { family: 'other', instance: new Rival('other') });
    const registry = new ExtensionRegistry([entry('plain'), other]);
    expect(registry.names(GREETER)).toEqual(['plain']);
    expect(registry.get(defineFamily<Greeter>('other')).greet()).toBe('other');
  });

  it('knows nothing of a family that has no implementations', () => {
    const registry = new ExtensionRegistry([]);
    expect(registry.all(GREETER)).toEqual([]);
    expect(registry.names(GREETER)).toEqual([]);
    expect(() => registry.get(GREETER)).toThrow("no greeter named 'plain'; known: none");
  });

  it.each([
    [entry('plain', { builtin: true, instance: new Plain('built in') }), entry('plain')],
    [entry('plain'), entry('plain', { builtin: true, instance: new Plain('built in') })],
  ])("puts a user's implementation in the place of a built-in one, in whatever order they come", (first, second) => {
    const registry = new ExtensionRegistry([first, second]);
    expect(registry.names(GREETER)).toEqual(['plain']);
    expect(registry.get(GREETER).greet()).toBe('plain');
  });

  it.each([true, false])('refuses two of one name, naming both classes (built in: %s)', (builtin) => {
    const rivals = [entry('a', { builtin }), entry('a', { builtin, instance: new Rival() })];
    const make = () => new ExtensionRegistry(rivals);
    expect(make).toThrow("two extensions claim the greeter 'a': Plain and Rival");
    expect(make).toThrow(expect.objectContaining({ code: 'E0000000400' }));
  });

  it('says what is known when a name is not', () => {
    const registry = new ExtensionRegistry([entry('b'), entry('a')]);
    expect(() => registry.get(GREETER, 'c')).toThrow("no greeter named 'c'; known: 'a', 'b'");
    expect(() => registry.get(GREETER, 'c')).toThrow(expect.objectContaining({ code: 'E0000000404' }));
  });

  it('refuses at once a choice that names what is not there', () => {
    expect(() => new ExtensionRegistry([entry('a')], { greeter: 'b' })).toThrow("no greeter named 'b'; known: 'a'");
    expect(() => new ExtensionRegistry([entry('a')], { greter: 'a' })).toThrow("no greter named 'a'; known: none");
  });
});
