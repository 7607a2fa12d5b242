/** One way of calling from one process to another, as it stands in the tables. */
export interface Peer {
  /** Name in the tables and for `--only`. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly about: string;
  /** The package whose version the report names beside the peer. */
  readonly library: string;
  load(): Promise<Ends>;
}

/** Both ends of a peer. Every peer echoes what it is sent. */
export interface Ends {
  /** Starts the server, on a port that is known to be free. */
  serve(port: number): Promise<Served>;
  /** Starts the client. */
  dial(port: number): Promise<Dialled>;
}

/** A server under way. */
export interface Served {
  stop(): Promise<void>;
}

/** A client under way. */
export interface Dialled {
  /** Makes a call that sends this text (ASCII, one byte a character) as its payload, and again each time that it is called. */
  prepare(payload: string): Call;
  close(): Promise<void>;
}

/** Makes a call and returns the length of the payload that came back. */
export type Call = () => Promise<number>;

/** The address that every server binds. */
export const HOST = '127.0.0.1';
