/**
 * A client that knows nothing of this project: it asks the server's reflection what there is, as grpcurl does, and
 * speaks in JSON as protobuf writes it.
 */
import {
  createFileRegistry,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
} from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { type CallOptions, Client, type ClientOptions, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';

const asIs = (bytes: Buffer): Buffer => bytes;
const LENGTH = WireType.LengthDelimited;

/** Fields with a length, by number, of an encoded message. */
function fieldsOf(bytes: Uint8Array): [number, Uint8Array][] {
  const reader = new BinaryReader(bytes);
  const fields: [number, Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === LENGTH) fields.push([number, reader.bytes()]);
    else reader.skip(type, number);
  }
  return fields;
}

const fieldOf = (bytes: Uint8Array, number: number) =>
  fieldsOf(bytes).flatMap(([own, value]) => (own === number ? [value] : []));

export interface Failure {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** google.rpc.Status of a failure, as far as tests look at it. */
export interface Details {
  readonly reason?: string;
  readonly domain?: string;
  readonly violations: readonly { readonly field: string; readonly description: string }[];
  readonly retryAfter?: number;
  readonly requestId?: string;
}

const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? '' : Buffer.from(bytes).toString('utf8'));

/** Reads `grpc-status-details-bin`. */
export function detailsOf({ metadata }: Failure): Details {
  const [bytes] = metadata.get('grpc-status-details-bin');
  const details: { -readonly [Key in keyof Details]: Details[Key] } = { violations: [] };
  if (!Buffer.isBuffer(bytes)) return details;
  for (const any of fieldOf(bytes, 3)) {
    const [type, value] = [text(fieldOf(any, 1)[0]), fieldOf(any, 2)[0] ?? new Uint8Array()];
    if (type === 'type.googleapis.com/google.rpc.ErrorInfo') {
      details.reason = text(fieldOf(value, 1)[0]);
      details.domain = text(fieldOf(value, 2)[0]);
    } else if (type === 'type.googleapis.com/google.rpc.BadRequest') {
      details.violations = fieldOf(value, 1).map((each) => ({
        field: text(fieldOf(each, 1)[0]),
        description: text(fieldOf(each, 2)[0]),
      }));
    } else if (type === 'type.googleapis.com/google.rpc.RetryInfo') {
      const duration = new BinaryReader(fieldOf(value, 1)[0] ?? new Uint8Array());
      duration.tag();
      details.retryAfter = Number(duration.int64());
    } else if (type === 'type.googleapis.com/google.rpc.RequestInfo') {
      details.requestId = text(fieldOf(value, 1)[0]);
    }
  }
  return details;
}

export interface Asking {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly options?: CallOptions;
}

function metadataOf({ metadata = {} }: Asking): Metadata {
  const result = new Metadata();
  for (const [name, value] of Object.entries(metadata)) result.set(name, value);
  return result;
}

export class ReflectedClient {
  readonly channel: Client;
  /** What reflection reported; of `describe`. */
  registry!: FileRegistry;
  readonly #service: string;

  constructor(port: number, service: string, options: ClientOptions = {}, secure = credentials.createInsecure()) {
    this.channel = new Client(`localhost:${port}`, secure, { 'grpc.max_receive_message_length': -1, ...options });
    this.#service = service;
  }

  /** Asks reflection for names of services, and for all files that one of them needs. */
  async describe(version: 'v1' | 'v1alpha' = 'v1'): Promise<readonly string[]> {
    const stream = this.channel.makeBidiStreamRequest(
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      asIs,
      asIs,
    );
    stream.write(Buffer.from(new BinaryWriter().tag(7, LENGTH).string('*').finish()));
    stream.write(Buffer.from(new BinaryWriter().tag(4, LENGTH).string(this.#service).finish()));
    stream.end();
    const answers: Buffer[] = [];
    for await (const answer of stream) answers.push(answer as Buffer);
    const [names, files] = answers as [Buffer, Buffer];
    const file = fieldOf(fieldOf(files, 4)[0] ?? new Uint8Array(), 1).map((bytes) =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    );
    // A registry wants every file after those that it imports.
    const sorted: typeof file = [];
    const add = (one: (typeof file)[number]) => {
      if (sorted.includes(one)) return;
      for (const name of one.dependency) for (const other of file) if (other.name === name) add(other);
      sorted.push(one);
    };
    for (const one of file) add(one);
    this.registry = createFileRegistry(
      fromBinary(
        FileDescriptorSetSchema,
        toBinary(FileDescriptorSetSchema, { $typeName: 'google.protobuf.FileDescriptorSet', file: sorted }),
      ),
    );
    return fieldOf(fieldOf(names, 6)[0] ?? new Uint8Array(), 1).map((each) => text(fieldOf(each, 1)[0]));
  }

  method(name: string): DescMethod {
    const found = this.registry.getService(this.#service)?.methods.find((method) => method.name === name);
    if (found === undefined) throw new Error(`reflection does not tell of ${name}`);
    return found;
  }

  encode(message: DescMessage, value: JsonValue): Buffer {
    return Buffer.from(toBinary(message, fromJson(message, value, { registry: this.registry })));
  }

  /** One message and the messages of its answer. Rejects with a Failure. */
  async bytes(name: string, request: Uint8Array, asking: Asking = {}): Promise<Buffer[]> {
    // A name with a slash is that of another service's method.
    const path = name.includes('/') ? name : `/${this.#service}/${name}`;
    const stream = this.channel.makeServerStreamRequest(
      path,
      asIs,
      asIs,
      Buffer.from(request),
      metadataOf(asking),
      asking.options ?? {},
    );
    const messages: Buffer[] = [];
    for await (const message of stream) messages.push(message as Buffer);
    return messages;
  }

  /** The same with the request as JSON. */
  ask(name: string, request: JsonValue, asking: Asking = {}): Promise<Buffer[]> {
    return this.bytes(name, this.encode(this.method(name).input, request), asking);
  }

  /** Several messages and one answer. */
  upload(name: string, requests: Iterable<Uint8Array>, asking: Asking = {}): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: Buffer) =>
        error === null ? resolve(answer as Buffer) : reject(error);
      const path = `/${this.#service}/${name}`;
      const stream = this.channel.makeClientStreamRequest(
        path,
        asIs,
        asIs,
        metadataOf(asking),
        asking.options ?? {},
        done,
      );
      for (const request of requests) stream.write(Buffer.from(request));
      stream.end();
    });
  }

  close(): void {
    this.channel.close();
  }
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (error) {
    return error as Failure;
  }
  throw new Error('it did not fail');
}
