import type { FieldFormats } from '../protocol/dialect.js';
import { wrapInbound } from '../protocol/interconnect.js';
import type { ConversationPool } from '../session/conversation/conversation-pool.js';
import { bareAnswer } from '../transport/answers.js';
import type { ConnectionPool } from '../transport/connection-pool.js';
import type { InboundAnswer } from '../transport/transport.js';
import type { Attempt } from './delivery.js';
import type { ForwardedRequest } from './forwarded-request.js';
import type { Partner } from './partners/partner.js';
import { INVOKE_PATH } from './paths.js';

/** By what requests go out. */
export interface WayParts {
  readonly formats: FieldFormats;
  readonly pool: ConnectionPool;
  readonly conversations: ConversationPool;
}

/** How a request gets to a partner: as a call of its own, or on the stream that is open to the node. */
export function attemptOf(partner: Partner, request: ForwardedRequest, parts: WayParts): Attempt<InboundAnswer> {
  return partner.route.via === 'transport' ? onStream(partner, request, parts) : asCall(partner, request, parts);
}

function asCall(
  { route, encoding }: Partner,
  request: ForwardedRequest,
  { formats, pool }: WayParts,
): Attempt<InboundAnswer> {
  const { transport, mode } = route;
  const isNamed = encoding.wire === 'http' && request.contentType !== '';
  const headers = isNamed ? { ...request.headers, 'content-type': request.contentType } : request.headers;
  const body = mode === 'wrapped' ? wrapInbound(request.body, request.headers, encoding, formats) : request.body;
  const path = INVOKE_PATH[encoding.wire];
  return (address, wait) => pool.get({ address, transport }).exchange({ path, headers, body, ...wait });
}

function onStream({ route, dialect }: Partner, request: ForwardedRequest, parts: WayParts): Attempt<InboundAnswer> {
  const { transport, dialect: name } = route;
  return (address, wait) => {
    const connection = () => parts.pool.get({ address, transport });
    const port = parts.conversations.port({ address, transport, name, dialect, connection });
    return port.exchange(request, wait).then(bareAnswer);
  };
}
