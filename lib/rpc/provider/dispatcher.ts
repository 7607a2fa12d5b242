import type { Codec } from '../../codec/codec.js';
import { within } from '../../context/within.js';
import { toAnswerError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { failureEnvelope, type RpcRequest, splitRequest, successEnvelope } from '../../protocol/envelope.js';
import { Header } from '../../protocol/headers.js';
import {
  type Acceptor,
  type CallAnswer,
  type InboundCall,
  type InboundHead,
  MESH_INVOKE_PATH,
  MESH_RPC_PATH,
  refusing,
} from '../../transport/transport.js';
import { type CallNext, chainFilters, type ProviderCall, type ProviderFilter } from '../call-filter.js';
import { revive } from '../facade/wire-type.js';
import { CallTally } from './call-tally.js';
import { inboundContext, inboundDeadline } from './inbound-context.js';
import type { ProviderService } from './provider-service.js';
import { type CalledService, noProvider, type ServiceTable } from './service-table.js';

/** What a call passes on its way in. */
export interface ProviderPipeline {
  readonly codec: Codec;
  readonly filters: readonly ProviderFilter[];
}

/** A call with the service found for it, for what stands behind the filters. */
interface ServedCall extends ProviderCall {
  readonly provider: ProviderService;
  readonly head: InboundHead;
}

/**
 * Serves RPC calls: finds the service of a URN, decodes, passes filters and handler, encodes. Whatever goes wrong is the
 * answer's code, never a failure of the transport.
 */
export class ProviderDispatcher {
  /** How the calls went. */
  readonly tally = new CallTally();
  private readonly run: CallNext<ServedCall>;

  constructor(
    private readonly services: ServiceTable,
    private readonly pipeline: ProviderPipeline,
    private readonly options: ResolvedMeshOptions,
  ) {
    this.run = chainFilters<ServedCall>(withProvider(pipeline.filters), (call) =>
      call.context.run(() => call.provider.invoke(call.args, call.context, call.head)),
    );
  }

  /** Finds the handler of a path: RPC is served at `/mesh-rpc/v1`, and as HTTP has it at `/mesh/invoke`. */
  readonly accept: Acceptor = (path) => {
    if (path === MESH_RPC_PATH) return this.handle;
    return path === MESH_INVOKE_PATH ? this.invoke : undefined;
  };

  /** Serves one call; never rejects. */
  readonly handle = refusing(
    async (call: InboundCall): Promise<Uint8Array> => {
      try {
        return this.tally.answered(call.body, this.answer(await this.serve(call)));
      } catch (error) {
        return this.tally.answered(call.body, this.failure(error));
      }
    },
    (error) => this.failure(error),
  );

  /** Serves one call over HTTP. */
  private readonly invoke = refusing(
    async (call: InboundCall): Promise<CallAnswer> => {
      if (call.method !== 'POST') {
        throw new MeshError(MeshCode.NOT_PERMITTED, `'${call.path}' is called by POST, not by ${call.method}`);
      }
      return { body: await this.handle(call), contentType: 'application/json' };
    },
    (error) => ({ body: this.failure(error), contentType: 'application/json' }),
  );

  private failure(error: unknown): Uint8Array {
    return this.pipeline.codec.encode(failureEnvelope(toAnswerError(error)));
  }

  private answer(content: unknown): Uint8Array {
    const bytes = this.pipeline.codec.encode(successEnvelope(content));
    const { maxMessageBytes } = this.options.limits;
    if (bytes.byteLength <= maxMessageBytes) return bytes;
    const message = `the answer takes ${bytes.byteLength} bytes, more than limits.maxMessageBytes (${maxMessageBytes})`;
    throw new MeshError(MeshCode.MESSAGE_TOO_LONG, message);
  }

  private checkSize(bytes: number): void {
    const { maxMessageBytes } = this.options.limits;
    if (bytes <= maxMessageBytes) return;
    const message = `the call takes ${bytes} bytes, more than limits.maxMessageBytes (${maxMessageBytes})`;
    throw new MeshError(MeshCode.MESSAGE_TOO_LONG, message);
  }

  private async serve(call: InboundCall): Promise<unknown> {
    const { called, request } = this.understand(call);
    const calls = this.tally.begin(called.provider);
    try {
      const content = await this.pass(call, called, request);
      calls.served++;
      return content;
    } catch (error) {
      calls.failed++;
      throw error;
    } finally {
      calls.underWay--;
    }
  }

  /** What is called, and with what. A URN that calls nothing is told before the body is decoded. */
  private understand(call: InboundCall): { readonly called: CalledService; readonly request: RpcRequest } {
    try {
      this.checkSize(call.body.byteLength);
      const headerUrn = call.headers[Header.URN];
      const early = headerUrn ? this.find(headerUrn, call) : undefined;
      const request = splitRequest(this.pipeline.codec.decode(call.body));
      return { called: early ?? this.find(request.attachments[Header.URN], call), request };
    } catch (error) {
      this.tally.unknown++;
      throw error;
    }
  }

  /** The service that a URN calls, where the call came in. */
  private find(urn: string | undefined, { admits }: InboundCall): CalledService {
    const called = this.services.find(urn);
    const { service, area } = called.provider;
    if (admits && !admits(service, area)) throw noProvider(service);
    return called;
  }

  private pass(call: InboundCall, called: CalledService, { args, attachments }: RpcRequest): Promise<unknown> {
    const { provider } = called;
    if (provider.wire) revive(args, provider.wire, 'arguments');
    const deadline = inboundDeadline(call, attachments, provider.timeoutMs ?? this.options.timeoutMs);
    const context = inboundContext(call, called, attachments, deadline);
    const { service } = provider;
    return within({ what: service, deadline, cancellation: call.cancellation }, () =>
      this.run({ service, args, context, provider, head: call }),
    );
  }
}

/** Filters may hand on a call that they made themselves; what they do not see goes along. */
function withProvider(
  filters: readonly ProviderFilter[],
): { filter(call: ServedCall, next: CallNext<ServedCall>): Promise<unknown> }[] {
  return filters.map((filter) => ({
    filter: (call, next) =>
      filter.filter(call, (changed) => next({ ...changed, provider: call.provider, head: call.head })),
  }));
}
