import { Cancellation } from '../../../../../lib/context/cancellation.js';
import type { InboundCall, InboundStream } from '../../../../../lib/transport/transport.js';

const head = {
  path: '/p',
  query: '',
  headers: {},
  wire: 'grpc',
  method: 'POST',
  contentType: 'application/grpc',
  deadline: Infinity,
  peer: 'test',
} as const;

/** A call with this body, as it comes over gRPC. */
export function callOf(body: Uint8Array): InboundCall {
  return { ...head, body, cancellation: new Cancellation() };
}

/** A stream of these messages, and what was sent in answer. */
export function streamOf(...messages: readonly Uint8Array[]): InboundStream & { readonly sent: Uint8Array[] } {
  const sent: Uint8Array[] = [];
  return {
    ...head,
    cancellation: new Cancellation(),
    draining: new Cancellation(),
    messages: (async function* () {
      yield* messages;
    })(),
    send: async (message) => void sent.push(message),
    end: () => undefined,
    sent,
  };
}
