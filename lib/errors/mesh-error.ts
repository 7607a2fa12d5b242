import { RpcException } from '@nestjs/microservices';
import { MESH_CODE_TEXT, MeshCode } from './mesh-code.js';

/** What a {@link MeshError} can carry beside its code and message. */
export interface MeshErrorOptions {
  /** What led to the error. Stays in this process: it is never sent to a peer. */
  cause?: unknown;
  /** Facts for the caller, for instance one line for each argument that failed validation. Sent to the peer. */
  details?: readonly string[];
  /** The call never left this process, so repeating it is safe. Default `false`. */
  neverSent?: boolean;
}

/**
 * The one error of the mesh: thrown by consumers, and thrown in providers to answer with a code of one's own.
 *
 * It is an `RpcException`, so Nest's exception filters for microservices treat it as one, and hand it on as it is.
 *
 * @example
 * throw new MeshError(MeshCode.FORBIDDEN, 'this token may not read orders');
 */
export class MeshError extends RpcException {
  override readonly name = 'MeshError';
  /** Facts for the caller; empty when there are none. */
  readonly details: readonly string[];
  /** Whether the call never left this process, so that repeating it is safe. */
  readonly neverSent: boolean;

  constructor(
    /** The status code: one of {@link MeshCode}, or what a peer sent. */
    readonly code: MeshCode | (string & {}),
    message?: string,
    options: MeshErrorOptions = {},
  ) {
    super(message ?? (MESH_CODE_TEXT as Record<string, string>)[code] ?? code);
    this.details = options.details ?? [];
    this.neverSent = options.neverSent ?? false;
    if (options.cause !== undefined) this.cause = options.cause;
  }

  /** The error itself, so that Nest's default RPC exception filter passes it on with its code and details. */
  override getError(): this {
    return this;
  }
}
