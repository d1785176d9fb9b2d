/**
 * google.rpc.Status and its details, as clients of every language read them from `grpc-status-details-bin`
 * (https://github.com/googleapis/googleapis/tree/master/google/rpc: status.proto, error_details.proto). They are written field by
 * field: five small messages are no reason to keep copies of those files.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export interface FieldViolation {
  /** `chains.nodes[0]` */
  readonly field: string;
  readonly description: string;
}

export interface StatusDetails {
  /** google.rpc.Code, which is gRPC's. */
  readonly code: number;
  readonly message: string;
  /** ErrorInfo: the code of the error, in {@link DOMAIN}. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** BadRequest. */
  readonly violations: readonly FieldViolation[];
  /** RetryInfo, seconds. */
  readonly retryAfter?: number;
  /** RequestInfo. */
  readonly requestId: string;
}

/** Whose codes the reasons are. */
export const DOMAIN = 'kube-whatif';

const LENGTH = WireType.LengthDelimited;
const string = (writer: BinaryWriter, field: number, text: string) => writer.tag(field, LENGTH).string(text);
const bytes = (writer: BinaryWriter, field: number, value: Uint8Array) => writer.tag(field, LENGTH).bytes(value);

function any(type: string, value: BinaryWriter): Uint8Array {
  const writer = string(new BinaryWriter(), 1, `type.googleapis.com/google.rpc.${type}`);
  return bytes(writer, 2, value.finish()).finish();
}

function errorInfo({ reason, metadata }: StatusDetails): Uint8Array {
  const writer = string(string(new BinaryWriter(), 1, reason), 2, DOMAIN);
  for (const [key, value] of Object.entries(metadata)) {
    bytes(writer, 3, string(string(new BinaryWriter(), 1, key), 2, value).finish());
  }
  return any('ErrorInfo', writer);
}

function badRequest(violations: readonly FieldViolation[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const { field, description } of violations) {
    bytes(writer, 1, string(string(new BinaryWriter(), 1, field), 2, description).finish());
  }
  return any('BadRequest', writer);
}

function retryInfo(seconds: number): Uint8Array {
  const duration = new BinaryWriter().tag(1, WireType.Varint).int64(seconds).finish();
  return any('RetryInfo', bytes(new BinaryWriter(), 1, duration));
}

function requestInfo(id: string): Uint8Array {
  return any('RequestInfo', string(new BinaryWriter(), 1, id));
}

/** The encoded Status. */
export function encodeStatus(status: StatusDetails): Buffer {
  const { code, message, violations, retryAfter, requestId } = status;
  const writer = string(new BinaryWriter().tag(1, WireType.Varint).int32(code), 2, message);
  bytes(writer, 3, errorInfo(status));
  if (violations.length > 0) bytes(writer, 3, badRequest(violations));
  if (retryAfter !== undefined) bytes(writer, 3, retryInfo(retryAfter));
  bytes(writer, 3, requestInfo(requestId));
  return Buffer.from(writer.finish());
}
