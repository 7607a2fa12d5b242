import { gunzip, inflate, type InputType, type ZlibOptions } from 'node:zlib';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

type Unzip = (data: InputType, options: ZlibOptions, done: (error: Error | null, result: Buffer) => void) => void;

const unzips: ReadonlyMap<string, Unzip> = new Map<string, Unzip>([
  ['gzip', gunzip],
  ['deflate', inflate],
]);

/**
 * Unpacks a compressed message.
 *
 * @param encoding `grpc-encoding` of a stream, `content-encoding` of a request
 * @param limit largest message accepted, in bytes once unpacked
 * @throws MeshError E0000000413 for a message over the limit, E0000000616 for another encoding and for damaged data
 */
export function decompress(body: Buffer, encoding: string, limit: number): Promise<Buffer> {
  const unzip = unzips.get(encoding);
  if (!unzip) {
    const message = `a message is compressed with '${encoding}'; understood are ${[...unzips.keys()].join(' and ')}`;
    return Promise.reject(new MeshError(MeshCode.ENCODING, message));
  }
  return new Promise((resolve, reject) => {
    unzip(body, { maxOutputLength: limit }, (cause, result) => {
      if (cause) reject(failure(cause, encoding, limit));
      else resolve(result);
    });
  });
}

function failure(cause: NodeJS.ErrnoException, encoding: string, limit: number): MeshError {
  if (cause.code === 'ERR_BUFFER_TOO_LARGE') {
    const message = `a compressed message unpacks to more than the limit of ${limit} bytes (limits.maxMessageBytes, and room for what stands around it)`;
    return new MeshError(MeshCode.MESSAGE_TOO_LONG, message, { cause });
  }
  return new MeshError(MeshCode.ENCODING, `a message said to be compressed with ${encoding} is not`, { cause });
}
