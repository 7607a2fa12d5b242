import { GrpcStatus } from '../../../errors/grpc-status.js';
import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshError } from '../../../errors/mesh-error.js';
import { lengthDelimited, WireReader } from '../../../protocol/ptp/wire-reader.js';
import type { CallHandler, Endpoint } from '../../../transport/transport.js';
import { encodeFile } from './encode-file.js';
import { type FileDescription, methodPaths, serviceName, symbolsOf } from './file-description.js';
import { REFLECTION_FILES } from './files.js';
import { grpcOnly } from './grpc-only.js';
import { bytesField, numberField, textField } from './protobuf-fields.js';

/** Longest request, in bytes: its answer repeats it. */
const MAX_REQUEST_BYTES = 16_384;

/** What a request may ask for, by its field. */
const QUESTIONS = {
  [lengthDelimited(3)]: 'file by name',
  [lengthDelimited(4)]: 'file by symbol',
  [lengthDelimited(5)]: 'file by extension',
  [lengthDelimited(6)]: 'extensions',
  [lengthDelimited(7)]: 'services',
} as const;

type Question = (typeof QUESTIONS)[number];

interface ReflectionRequest {
  readonly host: string;
  readonly question: Question | undefined;
  /** What is asked about: a name. */
  readonly subject: string;
}

const HOST = lengthDelimited(1);

/** gRPC's server reflection: hands out the descriptions of the gRPC services served, so that tools need no files of their own. */
export class Reflection {
  /** The files, encoded when they are first asked for. */
  private readonly encoded = new Map<FileDescription, Buffer>();

  /**
   * @param files what may be served
   * @param serves whether a path is served here: a service of which no method is served is not told of
   */
  constructor(
    private readonly files: readonly FileDescription[],
    private readonly serves: (path: string) => boolean,
  ) {}

  /** What serves each of its paths. */
  get endpoints(): ReadonlyMap<string, Endpoint> {
    const handler = grpcOnly(this.handle);
    const paths = REFLECTION_FILES.flatMap((file) => file.services.flatMap((service) => methodPaths(file, service)));
    return new Map(paths.map((path) => [path, handler]));
  }

  /** The names of the gRPC services served. */
  services(): readonly string[] {
    return this.files
      .flatMap((file) => file.services.map((service) => ({ file, service })))
      .filter(({ file, service }) => methodPaths(file, service).some((path) => this.serves(path)))
      .map(({ file, service }) => serviceName(file, service));
  }

  private readonly handle: CallHandler = async ({ body }) => {
    if (body.byteLength > MAX_REQUEST_BYTES) {
      const message = `a request of ${body.byteLength} bytes is over the limit of ${MAX_REQUEST_BYTES} for reflection`;
      throw new MeshError(MeshCode.MESSAGE_TOO_LONG, message);
    }
    const request = readRequest(body);
    return Buffer.concat([textField(1, request.host), bytesField(2, body), this.answer(request)]);
  };

  private answer({ question, subject }: ReflectionRequest): Buffer {
    switch (question) {
      case 'file by name':
        return this.file((file) => file.name === subject) ?? notFound(`file '${subject}'`);
      case 'file by symbol':
        return this.file((file) => symbolsOf(file).includes(subject)) ?? notFound(`symbol '${subject}'`);
      case 'file by extension':
        return notFound('extension');
      case 'extensions':
        return this.knowsMessage(subject) ? bytesField(5, textField(1, subject)) : notFound(`message '${subject}'`);
      case 'services':
        return bytesField(6, ...this.services().map((name) => bytesField(1, textField(1, name))));
      case undefined:
        return failure(GrpcStatus.INVALID_ARGUMENT, 'the request asks for nothing');
    }
  }

  private file(matches: (file: FileDescription) => boolean): Buffer | undefined {
    const file = this.files.find((one) => matches(one));
    return file && bytesField(4, bytesField(1, this.encode(file)));
  }

  private encode(file: FileDescription): Buffer {
    const encoded = this.encoded.get(file) ?? encodeFile(file);
    this.encoded.set(file, encoded);
    return encoded;
  }

  private knowsMessage(name: string): boolean {
    return this.files.some((file) => file.messages.some((message) => `${file.package}.${message.name}` === name));
  }
}

/** Of several questions the last counts, as of any fields of which one is there at most. */
function readRequest(body: Uint8Array): ReflectionRequest {
  const reader = new WireReader(body, 'ServerReflectionRequest');
  let host = '';
  let question: Question | undefined;
  let subject = '';
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const asked = QUESTIONS[tag];
    if (tag === HOST) host = reader.text();
    else if (asked === undefined) reader.skip(tag);
    else {
      question = asked;
      if (asked === 'file by extension') reader.skip(tag);
      else subject = reader.text();
    }
  }
  return { host, question, subject };
}

function notFound(what: string): Buffer {
  return failure(GrpcStatus.NOT_FOUND, `nothing is known of the ${what}`);
}

/** What went wrong is an answer, and ends no stream. */
function failure(status: GrpcStatus, message: string): Buffer {
  return bytesField(7, numberField(1, status), textField(2, message));
}
