import type { CallAnswer, InboundAnswer, WireHeaders } from './transport.js';

const noHeaders: WireHeaders = Object.freeze(Object.create(null) as Record<string, string>);

/** The bytes of a handler's answer. */
export function bodyOf(answer: Uint8Array | CallAnswer): Uint8Array {
  return answer instanceof Uint8Array ? answer : answer.body;
}

/** Tells the handler, if it wants to know, that its answer was written out. */
export function settleDelivered(answer: Uint8Array | CallAnswer): void {
  if (!(answer instanceof Uint8Array)) answer.settle?.(true);
}

/** Tells the handler, if it wants to know, that its answer did not reach the caller. */
export function settleLost(answer: Uint8Array | CallAnswer): void {
  if (!(answer instanceof Uint8Array)) answer.settle?.(false);
}

/** An answer as gRPC carries it: the body alone. */
export function bareAnswer(body: Uint8Array): InboundAnswer {
  return { body, contentType: 'application/grpc', status: 200, headers: noHeaders };
}
