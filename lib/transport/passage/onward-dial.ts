import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import type { OnwardConnection } from '../onward.js';
import { SecureDial } from '../secure-dial.js';
import { targetOf } from '../target.js';
import { Http1Onward } from './http1-onward.js';
import { Http2Onward } from './http2-onward.js';

/** What {@link OnwardDial} needs of the options. */
export type OnwardDialOptions = Pick<ResolvedMeshOptions, 'grpc' | 'http' | 'limits'>;

/** Makes connections by which requests go on: HTTP/2 with prior knowledge for gRPC, HTTP/1.1 for everything else. */
export class OnwardDial {
  private readonly grpc: SecureDial | undefined;
  private readonly http: SecureDial | undefined;

  /** @throws MeshError E0000000400 when certificates cannot be read or used */
  constructor(private readonly options: OnwardDialOptions) {
    const { grpc, http } = options;
    this.grpc = grpc.tls && new SecureDial(grpc.tls, 'grpc.tls');
    this.http = http.tls && new SecureDial(http.tls, 'http.tls');
  }

  /**
   * A connection to an address; with TLS where the options say so of the wire.
   * @throws MeshError E0000000619 when the address is none
   */
  dial(wire: 'grpc' | 'http', address: string): OnwardConnection {
    if (wire === 'http') return new Http1Onward(targetOf(address, this.http), this.options.http.connectTimeoutMs);
    return new Http2Onward(targetOf(address, this.grpc), this.options);
  }
}
