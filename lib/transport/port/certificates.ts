import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedListenTls } from '../../options/listen-options.js';

/** How long what was last seen of the files is believed, in ms. */
const FRESH_MS = 1_000;

/** Longest file read, in bytes. */
const MAX_FILE_BYTES = 1_024 * 1_024;

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** PEM texts of which a TLS context is made. */
export interface CertificateTexts {
  readonly key: string;
  readonly cert: string;
  readonly ca?: string;
}

/** Who is told about certificates. */
export interface CertificateUser {
  /** The files have new content. */
  use(texts: CertificateTexts): void;
  /** A sentence that somebody should read. */
  warn(sentence: string): void;
}

/**
 * The certificates of a listener: checked when they are read, and read again when their files have changed. Files whose new
 * content is of no use are left alone, with a warning, until they change again: key and certificate change one after the other.
 */
export class Certificates {
  private checkedAt = performance.now();
  private underWay: Promise<void> | undefined;

  private constructor(
    private readonly source: CertificateSource,
    private seen: string,
    private readonly user: CertificateUser,
  ) {}

  /**
   * Reads them, and hands them to their user.
   *
   * @param option name of the option that holds them, such as `listen.tls`
   * @throws MeshError E0000000400 naming the part that cannot be read or used
   */
  static async read(tls: ResolvedListenTls, option: string, user: CertificateUser): Promise<Certificates> {
    const source = new CertificateSource(tls, option);
    const seen = await source.stamp();
    await handOver(source, user);
    return new Certificates(source, seen, user);
  }

  /** Sees to it that what is used is at most a second old. */
  async refresh(): Promise<void> {
    if (performance.now() - this.checkedAt < FRESH_MS) return;
    await (this.underWay ??= this.look());
  }

  private async look(): Promise<void> {
    try {
      const stamp = await this.source.stamp();
      if (stamp === this.seen) return;
      this.seen = stamp;
      await handOver(this.source, this.user);
    } catch (error) {
      this.user.warn(`the certificates are used as they were: ${(error as Error).message}`);
    } finally {
      this.checkedAt = performance.now();
      this.underWay = undefined;
    }
  }
}

async function handOver(source: CertificateSource, user: CertificateUser): Promise<void> {
  const texts = await source.read();
  user.use(texts);
  const { validFrom, validTo, subject } = new X509Certificate(texts.cert);
  const name = `the certificate of ${source.option}.cert (${subject.replaceAll('\n', ', ')})`;
  if (Date.parse(validTo) < Date.now()) user.warn(`${name} has expired: it was valid to ${validTo}`);
  if (Date.parse(validFrom) > Date.now()) user.warn(`${name} is not yet valid: it will be from ${validFrom}`);
}

/** Where certificates come from: texts, and files. */
class CertificateSource {
  constructor(
    private readonly tls: ResolvedListenTls,
    readonly option: string,
  ) {}

  /** What shows whether a file has changed. @throws MeshError E0000000400 when one is not there */
  async stamp(): Promise<string> {
    const parts = ['key', 'cert', 'ca'] as const;
    return (await Promise.all(parts.map((part) => stampOf(this.tls[part], this.name(part))))).join();
  }

  /** @throws MeshError E0000000400 naming the part that cannot be read or used */
  async read(): Promise<CertificateTexts> {
    const { tls } = this;
    const [key, cert, ca] = await Promise.all([
      textOf(tls.key, this.name('key')),
      textOf(tls.cert, this.name('cert')),
      tls.ca === undefined ? undefined : textOf(tls.ca, this.name('ca')),
    ]);
    this.check(key, cert, ca);
    return { key, cert, ...(ca !== undefined && { ca }) };
  }

  private check(keyText: string, certText: string, ca: string | undefined): void {
    const key = this.keyOf(keyText);
    const [own] = this.certificatesOf('cert', certText);
    if (ca !== undefined) this.certificatesOf('ca', ca);
    if (!own!.checkPrivateKey(key)) {
      throw refused(`${this.name('key')} does not fit the certificate of ${this.name('cert')}`);
    }
    try {
      createSecureContext({ key: keyText, cert: certText, ca });
    } catch (error) {
      throw refused(`${this.option} cannot be used: ${(error as Error).message}`, error);
    }
  }

  private keyOf(text: string): KeyObject {
    try {
      return createPrivateKey(text);
    } catch (error) {
      throw refused(`${this.name('key')} holds no private key in PEM without a passphrase`, error);
    }
  }

  private certificatesOf(part: 'cert' | 'ca', text: string): readonly X509Certificate[] {
    const blocks = text.match(BLOCK) ?? [];
    if (blocks.length === 0) throw refused(`${this.name(part)} holds no certificate in PEM`);
    return blocks.map((block, index) => {
      try {
        return new X509Certificate(block);
      } catch (error) {
        throw refused(`certificate ${index + 1} of ${this.name(part)} cannot be read`, error);
      }
    });
  }

  private name(part: 'key' | 'cert' | 'ca'): string {
    return `${this.option}.${part}`;
  }
}

function isPem(textOrPath: string): boolean {
  return textOrPath.includes('-----BEGIN');
}

async function stampOf(textOrPath: string | undefined, name: string): Promise<string> {
  if (textOrPath === undefined || isPem(textOrPath)) return '';
  try {
    const { mtimeMs, size, ino } = await stat(textOrPath);
    if (size > MAX_FILE_BYTES) throw new Error(`${size} bytes are too much`);
    return `${mtimeMs}/${size}/${ino}`;
  } catch (error) {
    throw unreadable(textOrPath, name, error);
  }
}

async function textOf(textOrPath: string, name: string): Promise<string> {
  if (isPem(textOrPath)) return textOrPath;
  try {
    return await readFile(textOrPath, 'utf8');
  } catch (error) {
    throw unreadable(textOrPath, name, error);
  }
}

function unreadable(path: string, name: string, cause: unknown): MeshError {
  return refused(`${name} cannot be read from '${path}': ${(cause as Error).message}`, cause);
}

function refused(message: string, cause?: unknown): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, message, { cause });
}
