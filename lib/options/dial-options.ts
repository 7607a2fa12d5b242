import * as check from './checks.js';
import { readObject, type OptionReader } from './option-reader.js';
import type { Problems } from './problems.js';

/** How outgoing connections use TLS. Each of `ca`, `cert` and `key` is PEM text, or the path of a file that holds it. */
export interface DialTlsOptions {
  /** Authorities whose certificates are accepted. Default: those that Node knows. */
  ca?: string;
  /** Certificate of this application, for peers that ask for one. */
  cert?: string;
  /** Private key of `cert`. */
  key?: string;
  /** Name that the peer's certificate is to be for. Default: the host of the address. */
  serverName?: string;
}

/** Reads an option `tls` of a transport. */
export function readDialTls(option: string, reader: OptionReader, problems: Problems): DialTlsOptions | undefined {
  const given = reader.raw('tls');
  if (given === undefined) return undefined;
  return readObject(option, given, problems, (tls) => {
    const [ca, cert, key] = ['ca', 'cert', 'key'].map((part) => tls.takeOptional(part, check.pem));
    const serverName = tls.takeOptional('serverName', check.bindHost);
    if ((cert === undefined) !== (key === undefined)) problems.note(`${option}.cert and ${option}.key go together`);
    return {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(serverName !== undefined && { serverName }),
    };
  });
}
