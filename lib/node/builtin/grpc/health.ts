import { Cancellation } from '../../../context/cancellation.js';
import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshError } from '../../../errors/mesh-error.js';
import { lengthDelimited, WireReader } from '../../../protocol/ptp/wire-reader.js';
import type { CallHandler, Endpoint, InboundStream, StreamHandler } from '../../../transport/transport.js';
import { HEALTH_FILE } from './files.js';
import { grpcOnly } from './grpc-only.js';
import { numberField } from './protobuf-fields.js';

/** What the health protocol says of a service, by its number on the wire. */
export const ServingStatus = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;

/** One of the numbers of {@link ServingStatus}. */
export type ServingStatus = (typeof ServingStatus)[keyof typeof ServingStatus];

/** Longest name of a service that is asked for, in characters. */
const MAX_NAME = 1_024;

const SERVICE = lengthDelimited(1);

/**
 * gRPC's health checking protocol. What is served is healthy until the application begins to close; there is no other
 * reason not to be.
 */
export class Health {
  private readonly leaving = new Cancellation();

  /** @param serves whether a service of this name is served here: by the mesh, or by gRPC */
  constructor(private readonly serves: (service: string) => boolean) {}

  /** What serves each of its paths. */
  get endpoints(): ReadonlyMap<string, Endpoint> {
    const path = `/${HEALTH_FILE.package}.Health`;
    return new Map<string, Endpoint>([
      [`${path}/Check`, grpcOnly(this.check)],
      [`${path}/Watch`, { stream: this.watch }],
    ]);
  }

  /** From now on nothing is healthy: the application is about to close. Those who watch are told. */
  leave(): void {
    this.leaving.cancel(new MeshError(MeshCode.CANCELLED, 'the application is about to close'));
  }

  private readonly check: CallHandler = async (call) => {
    const service = nameIn(call.body);
    const status = this.statusOf(service);
    if (status !== ServingStatus.SERVICE_UNKNOWN) return encode(status);
    throw new MeshError(MeshCode.NOT_FOUND, `nothing here is named '${service}'`);
  };

  /** Says how a service is, and says so again when that changes; ends when the listener closes. */
  private readonly watch: StreamHandler = async (stream) => {
    const service = await nameAsked(stream);
    const told = this.statusOf(service);
    await stream.send(encode(told));
    await firstOf(this.leaving, stream.draining, stream.cancellation);
    const now = this.statusOf(service);
    if (now !== told && !stream.cancellation.reason) await stream.send(encode(now));
    await firstOf(stream.draining, stream.cancellation);
  };

  private statusOf(service: string): ServingStatus {
    if (service !== '' && !this.serves(service)) return ServingStatus.SERVICE_UNKNOWN;
    return this.leaving.reason ? ServingStatus.NOT_SERVING : ServingStatus.SERVING;
  }
}

function encode(status: ServingStatus): Buffer {
  return numberField(1, status);
}

/** Who opens a stream and asks nothing must not keep the listener from closing. */
async function nameAsked({ messages, draining, path }: InboundStream): Promise<string> {
  const reader = messages[Symbol.asyncIterator]();
  const asked = await Promise.race([reader.next(), firstOf(draining).then(() => undefined)]);
  void reader.return?.();
  if (!asked)
    throw new MeshError(MeshCode.UNREACHABLE, `the listener closes, and '${path}' was not asked for anything`);
  if (asked.done) throw new MeshError(MeshCode.INVALID_REQUEST, `'${path}' was called without a request`);
  return nameIn(asked.value);
}

function nameIn(request: Uint8Array): string {
  const reader = new WireReader(request, 'HealthCheckRequest');
  let name = '';
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === SERVICE) name = reader.text();
    else reader.skip(tag);
  }
  if (name.length <= MAX_NAME) return name;
  const message = `a service name has at most ${MAX_NAME} characters, got ${name.length}`;
  throw new MeshError(MeshCode.INVALID_REQUEST, message);
}

/** Waits until one of them is cancelled. */
function firstOf(...cancellations: readonly Cancellation[]): Promise<void> {
  return new Promise((resolve) => {
    const forgets: (() => void)[] = [];
    const over = (): void => {
      for (const forget of forgets) forget();
      resolve();
    };
    for (const cancellation of cancellations) forgets.push(cancellation.onCancel(over));
  });
}
