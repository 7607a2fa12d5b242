import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { effectiveOptions, effectiveText } from '../../../lib/cli/effective.js';
import { mergeLayers, type Values } from '../../../lib/cli/layers.js';
import { type Settings, validate } from '../../../lib/cli/settings.js';

function settingsOf(values: Values): { settings: Settings; text: string } {
  const merged = mergeLayers([{ values: { logLevel: 'warn', ...values }, locate: () => 'here' }]);
  const validated = validate(merged, {});
  if (validated.kind === 'wrong') throw new Error(validated.problems.join('\n'));
  return { settings: validated.settings, text: effectiveText(validated.settings, merged) };
}

describe('the effective configuration', () => {
  it('is a configuration that comes to the same', () => {
    const { settings, text } = settingsOf({
      nodeId: 'LX1',
      http: { version: '1.1' },
      listen: [
        { port: 1, transports: ['grpc'] },
        { side: 'inner', serves: ['mesh.*', 'builtins'] },
      ],
      services: [{ service: 'mesh.a.*', addresses: ['[::1]:1'], subset: 'a: #b' }],
      partners: [
        { nodeId: 'LX2', address: 'a,b:1' },
        { nodeId: 'LX3', instId: 'JG3', address: 'c', transport: 'http', contentType: 'application/json' },
      ],
      node: { routes: { file: 'routes.json' }, dataDir: '/data' },
      registry: { address: 'n', advertise: 'me:1' },
      builtins: { debug: 'nobody', doc: false },
    });
    const again = settingsOf(parse(text) as Values);

    expect(effectiveOptions(again.settings)).toEqual(effectiveOptions(settings));
    expect(again.settings.resolved).toEqual(settings.resolved);
  });

  it('says nothing of what a node lacks, and hides the token of administration', () => {
    expect(settingsOf({ node: {} }).text).not.toMatch(/token|file|dataDir/);
    const { text } = settingsOf({ node: { administration: { token: 'sixteen-or-more-' } } });
    expect(text).toMatch(/^ {4}token: "\(hidden\)" +# here$/m);
  });

  it('says what comes from where', () => {
    const { text } = settingsOf({ nodeId: 'LX1', addresses: ['a:1'] });

    expect(text).toMatch(/^nodeId: LX1 +# here$/m);
    expect(text).toMatch(/^ {2}- "a:1" +# here$/m);
    expect(text).toMatch(/^instId: JG0000000000000000$/m);
  });

  it('hides keys and whatever is PEM, but not the paths of files', () => {
    const cert = '-----BEGIN CERTIFICATE-----\nc3R1ZmY=\n-----END CERTIFICATE-----';
    const { text } = settingsOf({
      listen: [
        { port: 1, tls: { key: 's3cret', cert } },
        { port: 2, tls: { key: '/dev/null', cert: '/etc/cert.pem' } },
      ],
    });

    expect(text).not.toMatch(/s3cret|c3R1ZmY/);
    expect(text.match(/(?:key|cert): \S+/g)).toEqual([
      'key: "(hidden)"',
      'cert: "(hidden)"',
      'key: "/dev/null"',
      'cert: "/etc/cert.pem"',
    ]);
  });
});
