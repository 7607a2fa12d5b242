import { IsIn, IsInt, IsJWT, IsPositive } from 'class-validator';
import { MeshFacade, Mpi } from 'nestjs-mesh';

/** What `exchange` is given: the fields are the arguments on the wire, and the provider validates them. */
export class Exchange {
  @IsJWT()
  token!: string;

  @IsIn(['PERMIT', 'READ'])
  kind!: string;

  /** How long the new token is good for, in ms. */
  @IsInt()
  @IsPositive()
  duration!: number;
}

/** The service, declared once and shared by both sides. */
@MeshFacade({ timeoutMs: 5_000 })
export class Tokenizer {
  /** Hands out a token that is good for so many ms. */
  @Mpi('mesh.trust.apply', ['kind', 'duration'])
  apply!: (kind: string, duration: number) => Promise<string>;

  /** Whether a token was signed by this tokenizer and has not expired. */
  @Mpi('mesh.trust.verify', ['token'], { idempotent: true })
  verify!: (token: string) => Promise<boolean>;

  /** Hands out another token to the holder of a good one; refuses with FORBIDDEN. */
  @Mpi('mesh.trust.exchange', Exchange)
  exchange!: (exchange: Exchange) => Promise<string>;
}

/** Where the tokenizer lives. */
export const TRUST_NODE = { nodeId: 'LX0000010000280', instId: 'JG0100002800000000' };
