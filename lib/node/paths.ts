import { CONVERSATION_PATH } from '../protocol/conversation.js';

type Wire = 'grpc' | 'http';

/** Path of a request that one node hands to another (standard, east-west). */
export const INVOKE_PATH: Readonly<Record<Wire, string>> = {
  grpc: '/org.ppc.ptp.PrivateTransferProtocol/invoke',
  http: '/v1/interconn/chan/invoke',
};

/** Path of the same conversation as a stream; over HTTP, of one message of it. */
export const TRANSPORT_PATH: Readonly<Record<Wire, string>> = {
  grpc: CONVERSATION_PATH,
  http: '/v1/interconn/chan/transport',
};
