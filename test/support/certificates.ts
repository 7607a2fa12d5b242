import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** A certificate and its key, in PEM. */
export interface TestIdentity {
  readonly key: string;
  readonly cert: string;
}

/** What a test may say of a certificate. */
export interface CertificateInit {
  /** Common name. */
  readonly name?: string;
  readonly validFrom?: Date;
  readonly validTo?: Date;
}

const DAY_MS = 86_400_000;

/** An authority that certifies what tests need. Nothing of it is known outside of them. */
export class TestAuthority {
  private readonly own = keyPair();
  readonly ca: string;

  constructor(private readonly name = 'test authority') {
    this.ca = this.certificate(this.name, this.own.publicKey, 'authority', {});
  }

  /** Certifies a new key, for `localhost` and `127.0.0.1`. */
  issue(init: CertificateInit = {}): TestIdentity {
    const { privateKey, publicKey } = keyPair();
    return { key: pemOf(privateKey), cert: this.certificate(init.name ?? 'test', publicKey, 'end', init) };
  }

  /** A certificate by RFC 5280, signed by ECDSA with SHA-256. */
  private certificate(name: string, of: KeyObject, kind: 'authority' | 'end', init: CertificateInit): string {
    const { validFrom = new Date(Date.now() - DAY_MS), validTo = new Date(Date.now() + DAY_MS) } = init;
    const algorithm = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
    const body = sequence(
      der(0xa0, integer(Buffer.of(2))),
      integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
      algorithm,
      nameOf(this.name),
      sequence(time(validFrom), time(validTo)),
      nameOf(name),
      of.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(kind === 'authority' ? isAuthority : alternativeNames)),
    );
    const signature = sign('sha256', body, this.own.privateKey);
    const whole = sequence(body, algorithm, der(0x03, Buffer.of(0), signature));
    const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
    return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  }
}

function keyPair() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes);
}

function oid(...bytes: readonly number[]): Buffer {
  return der(0x06, Buffer.from(bytes));
}

function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(0x18, Buffer.from(digits));
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(commonName)))));
}

const isAuthority = sequence(
  oid(0x55, 0x1d, 0x13),
  der(0x01, Buffer.of(0xff)),
  der(0x04, sequence(der(0x01, Buffer.of(0xff)))),
);

const alternativeNames = sequence(
  oid(0x55, 0x1d, 0x11),
  der(0x04, sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1)))),
);
