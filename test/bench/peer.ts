/** One way of getting something from one process to another and back, as it stands in the tables. */
export interface Peer {
  /** Name in the tables and for `--only`. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly about: string;
  /** The package whose version the report names beside the peer. */
  readonly library: string;
  /** Requests that one {@link Call} makes; 1 when absent. A push and a pop are two. */
  readonly requests?: number;
  /** The program that it needs beside Node. A peer whose program is not installed is left out. */
  readonly program?: string;
  /** How many relays a call passes on its way; none when absent. Each is a process of its own. */
  readonly relays?: number;
  load(): Promise<Ends>;
}

/** Both ends of a peer. What the client sends comes back to it. */
export interface Ends {
  /** Starts the server, on a port that is known to be free. */
  serve(port: number): Promise<Served>;
  /**
   * Starts a relay, on a port that is known to be free. Only peers with relays have it.
   *
   * @param next port of what stands behind it: the server, or another relay
   * @param place 0 for that which stands before the server, 1 for that before it
   */
  relay?(port: number, next: number, place: number): Promise<Served>;
  /**
   * Starts the client.
   *
   * @param connections how many it makes, to be used in turn; one, or what the peer comes with, when absent. Only peers that
   * are measured so take it
   */
  dial(port: number, connections?: number): Promise<Dialled>;
}

/** A server or relay under way. */
export interface Served {
  stop(): Promise<void>;
}

/** A client under way. */
export interface Dialled {
  /** Makes a call that sends this text (ASCII, one byte a character) as its payload, and again each time that it is called. */
  prepare(payload: string): Call;
  /** The same to a receiver who waits already. A peer without receivers has only calls. */
  prepareWaiting?(payload: string): WaitingCall;
  /** Makes a call that sends so many bytes, and gets so many back. Only peers that large messages are measured of have it. */
  prepareUneven?(sent: number, received: number): Call;
  close(): Promise<void>;
}

/** Makes a call and returns the length of the payload that came back. */
export type Call = () => Promise<number>;

/** Lets the receiver wait; what it returns sends the payload, and resolves when the receiver has it. */
export type WaitingCall = () => Call;

/** The address that every server binds. */
export const HOST = '127.0.0.1';
