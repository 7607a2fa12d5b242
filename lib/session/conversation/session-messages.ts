import { ACKNOWLEDGE_PATH, deliveryOf, type Manner } from '../../protocol/conversation.js';
import type { Dialect, FieldFormats, RawRequest } from '../../protocol/dialect.js';
import { Header } from '../../protocol/headers.js';
import { uriOf } from '../../protocol/interconnect.js';
import { encodePtp } from '../../protocol/ptp/protobuf-writer.js';
import type { SessionAnswer, SessionOperation, SessionRequest } from '../../protocol/session-call.js';

/** A request as it goes into an `Inbound`: its headers beside its body. */
export type WrappedRequest = Pick<RawRequest, 'operation' | 'headers' | 'body'>;

/** An answer to a pop, and what the peer says about the message that it brings. */
export interface PoppedMessage {
  readonly answer: SessionAnswer;
  /** Its number on the stream; `undefined` when the peer expects no acknowledgement. */
  readonly delivery: number | undefined;
  /** The id with which it was pushed; empty when the peer does not say. */
  readonly messageId: string;
}

const NOTHING = new Uint8Array(0);

/** Writes and reads the messages of a conversation for the session API, in one dialect. */
export class SessionMessages {
  constructor(
    private readonly dialect: Dialect,
    private readonly formats: FieldFormats,
  ) {}

  /** Writes a request. @throws MeshError E0000000400 when something in it cannot be said */
  request(request: SessionRequest, manner: Manner = 'plain'): WrappedRequest {
    const { operation, headers, body } = this.dialect.writeRequest(request, 'grpc', '', this.formats);
    const said: Record<string, string> = { ...headers, [Header.URI]: uriOf(operation, 'grpc') };
    if (manner === 'acknowledged') said[Header.ACKNOWLEDGE] = '1';
    return { operation, headers: said, body };
  }

  /** Reads an answer. @throws MeshError E0000000616 when it is malformed */
  answer(operation: SessionOperation, body: Uint8Array): SessionAnswer {
    return this.dialect.readAnswer(operation, 'grpc', { contentType: 'application/grpc', body }, this.formats);
  }

  /** Reads the answer to a pop. @throws MeshError E0000000616 when it is malformed */
  popped(body: Uint8Array): PoppedMessage {
    const { metadata, ...rest } = this.answer('pop', body);
    const { [Header.DELIVERY]: _, [Header.MESSAGE_ID]: messageId = '', ...others } = metadata;
    return { answer: { ...rest, metadata: others }, delivery: deliveryOf(metadata), messageId };
  }
}

/** Wraps a request as an `Inbound`. Headers that do not say which call it is are told. */
export function wrapRequest({ operation, headers, body }: WrappedRequest): Uint8Array {
  const metadata = headers[Header.URI] ? headers : { ...headers, [Header.URI]: uriOf(operation, 'grpc') };
  return encodePtp('Inbound', { metadata, payload: body });
}

/** Wraps a request that says, too, that everything up to a number has arrived. */
export function wrapAcknowledging({ headers, body }: WrappedRequest, acknowledged: number): Uint8Array {
  const metadata = { ...headers, [Header.ACKNOWLEDGED]: `${acknowledged}` };
  return encodePtp('Inbound', { metadata, payload: body });
}

/** A message that only says that everything up to a number has arrived. */
export function acknowledgement(delivery: number): Uint8Array {
  const metadata = { [Header.URI]: ACKNOWLEDGE_PATH, [Header.ACKNOWLEDGED]: `${delivery}` };
  return encodePtp('Inbound', { metadata, payload: NOTHING });
}
