import type { CallCodecs, WrittenFailure } from '../../codec/call-codecs.js';
import type { Codec } from '../../codec/codec.js';
import { type Ending, whenServed } from '../../context/within.js';
import { toAnswerError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { isPacked } from '../../protocol/packed/form.js';
import { lengthOf } from '../../transport/tails.js';
import {
  type Acceptor,
  type CallAnswer,
  type InboundCall,
  type InboundHead,
  MESH_INVOKE_PATH,
  MESH_RPC_PATH,
  refusing,
  telling,
} from '../../transport/transport.js';
import { type CallNext, chainFilters, type ProviderCall, type ProviderFilter } from '../call-filter.js';
import { revive } from '../facade/wire-type.js';
import type { CallForm, CallReading, ReadCall } from './call-form.js';
import { CallTally } from './call-tally.js';
import { PackedForm } from './packed-form.js';
import type { ProviderService } from './provider-service.js';
import { type CalledService, noProvider, type ServiceTable } from './service-table.js';
import { StandardForm } from './standard-form.js';
import type { PayloadPlace } from '../../protocol/payload-place.js';

/** What a call passes on its way in. */
export interface ProviderPipeline {
  readonly codecs: CallCodecs;
  readonly filters: readonly ProviderFilter[];
}

/** How an answer is told. @param contentType its media type, for wires that say one */
type Told = (answer: Uint8Array | CallAnswer, contentType: string) => void;

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
  private readonly run: (call: ServedCall) => unknown;
  private readonly standard: CallForm;
  private readonly packed: CallForm;

  constructor(
    private readonly services: ServiceTable,
    { codecs, filters }: ProviderPipeline,
    private readonly options: ResolvedMeshOptions,
  ) {
    const reading: CallReading = {
      codecs,
      find: (urn, call) => this.find(urn, call),
      timeoutMs: options.timeoutMs,
      get revision() {
        return services.revision;
      },
    };
    this.standard = new StandardForm(reading);
    this.packed = new PackedForm(reading);
    this.run =
      filters.length === 0 ? invoke : chainFilters<ServedCall>(withProvider(filters), async (call) => invoke(call));
  }

  /** Finds the handler of a path: RPC is served at `/mesh-rpc/v1`, and as HTTP has it at `/mesh/invoke`. */
  readonly accept: Acceptor = (path) => {
    if (path === MESH_RPC_PATH) return this.handle;
    return path === MESH_INVOKE_PATH ? this.invoke : undefined;
  };

  /** Serves one call; never rejects. */
  readonly handle = telling(
    refusing(
      (call: InboundCall): Promise<Uint8Array | CallAnswer> => new Promise((told) => this.serve(call, told)),
      (error, call) => this.refusal(error, call).body,
    ),
    (call, told) => this.serve(call, told),
  );

  /** Serves one call over HTTP. */
  private readonly invoke = refusing(
    (call: InboundCall): Promise<CallAnswer> =>
      new Promise((tell, refuse) => {
        if (call.method !== 'POST') return refuse(notPosted(call));
        this.serve(call, (answer, contentType) => tell(typed(answer, contentType)));
      }),
    (error, call) => this.refusal(error, call),
  );

  /** Why a call was refused before it was read. */
  private refusal(error: MeshError, call: InboundCall): WrittenFailure {
    const form = this.formOf(call);
    return form.failure(toAnswerError(error), form.codecOf(call));
  }

  private formOf(call: InboundCall): CallForm {
    return isPacked(call.headers) ? this.packed : this.standard;
  }

  private checkSize(what: string, byteLength: number): void {
    const { maxMessageBytes } = this.options.limits;
    if (byteLength <= maxMessageBytes) return;
    const message = `${what} takes ${byteLength} bytes, more than limits.maxMessageBytes (${maxMessageBytes})`;
    throw new MeshError(MeshCode.MESSAGE_TOO_LONG, message);
  }

  private serve(call: InboundCall, told: Told): void {
    const form = this.formOf(call);
    const answered: Told = (answer, contentType) => {
      this.tally.answered(call.body.length, sizeOf(answer));
      told(answer, contentType);
    };
    try {
      this.pass(call, this.read(call, form), form, answered);
    } catch (error) {
      tellFailure(error, form.codecOf(call), form, answered);
    }
  }

  /** What is called, and with what. */
  private read(call: InboundCall, form: CallForm): ReadCall {
    try {
      this.checkSize('the call', call.body.length);
      return form.read(call);
    } catch (error) {
      this.tally.unknown++;
      throw error;
    }
  }

  /** The service that a URN calls, where the call came in. */
  private find(urn: string | undefined, { admits }: Pick<InboundCall, 'admits'>): CalledService {
    const called = this.services.find(urn);
    const { service, area } = called.provider;
    if (admits && !admits(service, area)) throw noProvider(service);
    return called;
  }

  private pass(head: InboundCall, read: ReadCall, form: CallForm, answered: Told): void {
    const { called, args, context, codec } = read;
    const { provider } = called;
    const { service } = provider;
    const calls = this.tally.begin(provider);
    const ending: Ending<unknown> = {
      succeeded: (content) => {
        calls.served++;
        calls.underWay--;
        this.tellSuccess(content, head.takesTails ? 'behind' : 'within', codec, form, answered);
      },
      failed: (error) => {
        calls.failed++;
        calls.underWay--;
        tellFailure(error, codec, form, answered);
      },
    };
    const serve = (): unknown => {
      if (provider.wire) revive(args, provider.wire, 'arguments');
      return this.run({ service, args, context, provider, head });
    };
    whenServed({ what: service, deadline: context.deadline, cancellation: head.cancellation }, serve, ending);
  }

  /** Tells the answer, or in its place why it cannot be given. */
  private tellSuccess(content: unknown, place: PayloadPlace, codec: Codec, form: CallForm, answered: Told): void {
    let answer: Uint8Array | CallAnswer;
    try {
      answer = form.success(content, codec, place);
      this.checkSize('the answer', sizeOf(answer));
    } catch (error) {
      return tellFailure(error, codec, form, answered);
    }
    answered(answer, form.contentTypeOf(codec));
  }
}

function tellFailure(error: unknown, codec: Codec, form: CallForm, answered: Told): void {
  const { body, contentType } = form.failure(toAnswerError(error), codec);
  answered(body, contentType);
}

function typed(answer: Uint8Array | CallAnswer, contentType: string): CallAnswer {
  return answer instanceof Uint8Array ? { body: answer, contentType } : { ...answer, contentType };
}

function notPosted({ path, method }: InboundCall): MeshError {
  return new MeshError(MeshCode.NOT_PERMITTED, `'${path}' is called by POST, not by ${method}`);
}

function sizeOf(answer: Uint8Array | CallAnswer): number {
  return answer instanceof Uint8Array ? answer.length : lengthOf(answer);
}

function invoke({ provider, args, context, head }: ServedCall): unknown {
  return context.run(() => provider.invoke(args, context, head));
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
