import type { BodyLifetime, CallAnswer, CallOwner, InboundAnswer, OutboundCall, WireHeaders } from './transport.js';

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

/** Asks, for who keeps the answer. */
export function asked(
  connection: { ask(call: OutboundCall, owner: CallOwner): void },
  call: OutboundCall,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    connection.ask(call, { answered: (body, lifetime) => resolve(kept(body, lifetime)), failed: reject });
  });
}

/** The body of an answer, for who keeps it. */
export function kept(body: Uint8Array, lifetime: BodyLifetime): Uint8Array {
  return lifetime === 'lasting' ? body : Buffer.from(body);
}

/** An answer as gRPC carries it: the body alone. */
export function bareAnswer(body: Uint8Array): InboundAnswer {
  return { body, contentType: 'application/grpc', status: 200, headers: noHeaders };
}
