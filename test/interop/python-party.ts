import { type Python, PythonScript } from '../support/python.js';

/** Size and content of a message that is too large to print. */
export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

/** What became of a call, as `python/party.py` prints it. */
interface Outcome {
  readonly value?: unknown;
  readonly error?: string;
  readonly code?: string | null;
  readonly message?: string;
}

/** An error that a call of the SDK raised in Python. */
export class PythonError extends Error {
  constructor(
    /** Name of its class. */
    override readonly name: string,
    /** The status code; `null` when it has none. */
    readonly code: string | null,
    message: string,
  ) {
    super(message);
  }
}

/** How long a call may take, in ms: 100 MiB through a machine that is busy. */
const CALL_MS = 60_000;

/** How long a pop waits that is sure to find a message, in ms. */
const POP_MS = 30_000;

/** The reference Python SDK as a party of sessions, in a process of its own. */
export class PythonParty {
  private constructor(private readonly script: PythonScript) {}

  /** Starts it at a node, with these variables of the environment. */
  static async start(python: Python, address: string, env: Readonly<Record<string, string>>): Promise<PythonParty> {
    const script = PythonScript.start(python, 'party.py', [address], env);
    await script.ready();
    return new PythonParty(script);
  }

  /** A session; pushes go to the target, by default the node itself. */
  open(session: string, target = ''): PythonSession {
    return new PythonSession(async (call, args) => {
      this.script.tell(JSON.stringify({ call, session, target, arguments: args }));
      const { value, error, code, message } = JSON.parse(await this.script.line(CALL_MS)) as Outcome;
      if (error !== undefined) throw new PythonError(error, code ?? null, message ?? '');
      return value;
    });
  }

  /** Ends the process. */
  stop(): Promise<void> {
    return this.script.stop();
  }
}

/** A session of the SDK. Its calls are made one after the other; each rejects with a {@link PythonError}. */
export class PythonSession {
  constructor(private readonly make: (call: string, args: Readonly<Record<string, unknown>>) => Promise<unknown>) {}

  /** Pushes texts in order, each with these metadata. */
  async push(topic: string, texts: readonly string[], metadata: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.make('push', { topic, texts, metadata });
  }

  /** Pushes random bytes. */
  async pushRandom(topic: string, size: number): Promise<Digest> {
    return (await this.make('push_random', { topic, size })) as Digest;
  }

  /** Pops so many texts. */
  async pop(topic: string, count = 1, timeout = POP_MS): Promise<readonly string[]> {
    return (await this.make('pop', { topic, timeout, count })) as readonly string[];
  }

  /** Pops a message that is large. */
  async popDigest(topic: string): Promise<Digest> {
    return (await this.make('pop_digest', { topic, timeout: POP_MS })) as Digest;
  }

  /** Peeks a text; empty when there is none. */
  async peek(topic: string): Promise<string> {
    return (await this.make('peek', { topic })) as string;
  }

  /** Releases a topic, or all of the session. */
  async release(topic = ''): Promise<void> {
    await this.make('release', { topic });
  }
}
