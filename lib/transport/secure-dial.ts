import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { DialTlsOptions } from '../options/dial-options.js';

/** What of TLS both versions of HTTP need to connect. */
export interface SecureDialOptions {
  readonly secureContext: SecureContext;
  readonly minVersion: 'TLSv1.2';
  /** Name that the peer's certificate is to be for, unless the address is an IP address and none was given. */
  readonly servername?: string;
}

/** Makes outgoing connections secure. */
export class SecureDial {
  private readonly secureContext: SecureContext;

  /**
   * Reads the certificates.
   *
   * @param option name of the option that holds them, such as `grpc.tls`
   * @throws MeshError E0000000400 naming the part that cannot be read, or used
   */
  constructor(
    private readonly tls: DialTlsOptions,
    option: string,
  ) {
    const { ca, cert, key } = tls;
    const texts = {
      ca: textOf(ca, `${option}.ca`),
      cert: textOf(cert, `${option}.cert`),
      key: textOf(key, `${option}.key`),
    };
    try {
      this.secureContext = createSecureContext({ minVersion: 'TLSv1.2', ...texts });
    } catch (cause) {
      throw new MeshError(MeshCode.INVALID_REQUEST, `${option} cannot be used: ${(cause as Error).message}`, { cause });
    }
  }

  /** What to say of TLS when a connection to a host is made. */
  optionsFor(host: string): SecureDialOptions {
    const servername = this.tls.serverName ?? (isIP(host) ? undefined : host);
    return { secureContext: this.secureContext, minVersion: 'TLSv1.2', ...(servername && { servername }) };
  }

  /** Connects. @param protocol what is to be spoken, by its name in ALPN (RFC 7301). Default HTTP/2. */
  connect(host: string, port: number, protocol = 'h2'): TLSSocket {
    const socket = connect({ ...this.optionsFor(host), host, port, ALPNProtocols: [protocol] });
    return socket.setNoDelay(true);
  }
}

function textOf(textOrPath: string | undefined, name: string): string | undefined {
  if (textOrPath === undefined || textOrPath.includes('-----BEGIN')) return textOrPath;
  try {
    return readFileSync(textOrPath, 'utf8');
  } catch (cause) {
    const message = `${name} cannot be read from '${textOrPath}': ${(cause as Error).message}`;
    throw new MeshError(MeshCode.INVALID_REQUEST, message, { cause });
  }
}
