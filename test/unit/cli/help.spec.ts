import { describe, expect, it } from 'vitest';
import { readArguments } from '../../../lib/cli/arguments.js';
import { FLAGS, variableOf } from '../../../lib/cli/flags.js';
import { helpText } from '../../../lib/cli/help.js';
import { mergeLayers } from '../../../lib/cli/layers.js';
import { validate } from '../../../lib/cli/settings.js';

describe('the help', () => {
  it('has every flag and its variable', () => {
    const text = helpText().replaceAll(/\s+/g, ' ');

    for (const { name } of FLAGS) {
      expect(text).toContain(` --${name} `);
      expect(text).toContain(` ${variableOf(name)} `);
    }
  });

  it('begins with examples, which are right', () => {
    const [, examples = ''] = /^Examples\n(.*?)\nFlags/ms.exec(helpText()) ?? [];
    const commands = [...examples.replaceAll(/\\\n/g, '').matchAll(/^ {2}mesh-node(.*)$/gm)].map(
      ([, rest = '']) => rest,
    );

    expect(commands.length).toBeGreaterThan(3);
    for (const command of commands) {
      const { layers, problems } = readArguments(
        [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, a, b]) => a ?? b ?? ''),
      );
      const base = { values: { logLevel: 'warn' }, locate: () => '' };
      expect([problems, validate(mergeLayers([base, ...layers]), {}).kind]).toEqual([[], 'right']);
    }
  });

  it('keeps to 120 columns', () => {
    expect(
      helpText()
        .split('\n')
        .filter((line) => line.length > 120),
    ).toEqual([]);
  });
});
