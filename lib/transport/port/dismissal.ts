import type { Socket } from 'node:net';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { plainRefusal } from './http-messages.js';

/** Time for a caller to read why its request cannot be understood before the connection is closed, in ms. */
const LINGER_MS = 500;

/** Closes a connection over HTTP/1.1 on which no request can follow, and says why. */
export function dismiss(socket: Socket, error: MeshError): void {
  socket.end(plainRefusal(error));
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}

/** Of a request that was not there in time. */
export function tooSlow(): MeshError {
  return new MeshError(MeshCode.TIMEOUT, 'the request arrives too slowly');
}

/** Of what cannot be understood, or ends before its end. */
export function noRequest(): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, 'what arrived is no HTTP request');
}
