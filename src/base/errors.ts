/**
 * Every error a user can cause, in one table, and the one class that carries them.
 *
 * A question that cannot be answered throws a {@link QuestionError}; transports turn it into an RFC 9457 problem
 * document (REST), a message and an exit code (command line) or a status with details (gRPC). Anything else that is
 * thrown is a fault of ours.
 */

/** What each error code has: HTTP status, gRPC status, and the sentence that every problem with this code has. */
export const ERROR_CODES = {
  /** The bytes are not JSON or YAML, or end too early. */
  MALFORMED: { status: 400, grpc: 'INVALID_ARGUMENT', title: 'The request or snapshot cannot be read' },
  /** The request does not follow the contract in openapi/. */
  INVALID_REQUEST: { status: 400, grpc: 'INVALID_ARGUMENT', title: 'The request does not follow the contract' },
  /** An object of the snapshot has a field of the wrong kind or an impossible value. */
  INVALID_SNAPSHOT: { status: 422, grpc: 'INVALID_ARGUMENT', title: 'The snapshot holds invalid objects' },
  /** A Service, node, pod, workload … that the request names is not in the snapshot. */
  NOT_FOUND: { status: 422, grpc: 'NOT_FOUND', title: 'The snapshot does not hold what the request names' },
  /** A change that cannot be made (replicas out of range, placement on an unknown node …). */
  IMPOSSIBLE_CHANGE: { status: 422, grpc: 'FAILED_PRECONDITION', title: 'The change cannot be made' },
  /** A question that the model has no answer for in this version of the service (a mode that is not built). */
  UNSUPPORTED: { status: 422, grpc: 'UNIMPLEMENTED', title: 'The question is outside what this service answers' },
  /** The body, or what it inflates to, is larger than the stated limit. */
  TOO_LARGE: { status: 413, grpc: 'RESOURCE_EXHAUSTED', title: 'The body is larger than the limit' },
  /** The answer would be larger than `maxBytes`. */
  ANSWER_TOO_LARGE: { status: 422, grpc: 'RESOURCE_EXHAUSTED', title: 'The answer is larger than the limit' },
  /** The body's media type or encoding is not one that is read. */
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    grpc: 'INVALID_ARGUMENT',
    title: 'The media type or encoding is not supported',
  },
  /** None of the media types in Accept can be given. */
  NOT_ACCEPTABLE: { status: 406, grpc: 'INVALID_ARGUMENT', title: 'None of the accepted media types can be given' },
  /** A snapshot that the request names by digest is not held: send it again. */
  UNKNOWN_DIGEST: { status: 404, grpc: 'NOT_FOUND', title: 'No snapshot with this digest is held: send it again' },
  /** The bytes sent are not those of the digest in the path. */
  DIGEST_MISMATCH: {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    title: 'The snapshot does not have the digest that was named',
  },
  /** No snapshot is held under a name that the request names, or none that is as old. */
  UNKNOWN_NAME: { status: 404, grpc: 'NOT_FOUND', title: 'No snapshot is held under this name' },
  /** A snapshot that is sent under a name holds so much less than the one before it that it looks like a mistake. */
  SNAPSHOT_SHRUNK: {
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    title: 'The snapshot holds far less than the one before it',
  },
  /** The newest snapshot of a name is not the one that the sender expects. */
  NAME_CHANGED: { status: 412, grpc: 'ABORTED', title: 'The name has another snapshot than the request expects' },
  /** The service has more work than it can queue. */
  OVERLOADED: { status: 503, grpc: 'RESOURCE_EXHAUSTED', title: 'The service is busy: try again later' },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What goes wrong between client and question, beside {@link ERROR_CODES}: reported by the service alone. */
export const SERVICE_CODES = {
  /** No such path. */
  UNKNOWN_ROUTE: { status: 404, grpc: 'UNIMPLEMENTED', title: 'There is nothing at this path' },
  /** The path exists, the method does not; `Allow` names those that do. */
  METHOD_NOT_ALLOWED: { status: 405, grpc: 'UNIMPLEMENTED', title: 'The path does not have this method' },
  /** The body stopped arriving. */
  REQUEST_TIMEOUT: { status: 408, grpc: 'DEADLINE_EXCEEDED', title: 'The body stopped arriving' },
  /** Waiting and computing together took longer than the limit. */
  TIME_LIMIT: { status: 503, grpc: 'DEADLINE_EXCEEDED', title: 'The question takes longer than the limit' },
  /** The worker ran out of memory over this question. */
  MEMORY_LIMIT: { status: 422, grpc: 'RESOURCE_EXHAUSTED', title: 'The question needs more memory than the limit' },
  /** Workers are not warm yet, or the service is shutting down. */
  NOT_READY: { status: 503, grpc: 'UNAVAILABLE', title: 'The service is not ready' },
  /** The service wants a token, and the request has none that it accepts. */
  UNAUTHENTICATED: { status: 401, grpc: 'UNAUTHENTICATED', title: 'A token is needed' },
  /** The client has sent too many requests. */
  RATE_LIMITED: { status: 429, grpc: 'RESOURCE_EXHAUSTED', title: 'Too many requests' },
  /** A snapshot named by digest is not in memory, and the store that may hold it cannot be reached. */
  STORE_UNAVAILABLE: { status: 503, grpc: 'UNAVAILABLE', title: 'The store of snapshots cannot be reached' },
  /** There is no room for another named snapshot, in memory or in the store. */
  STORE_FULL: { status: 507, grpc: 'RESOURCE_EXHAUSTED', title: 'There is no room for the snapshot' },
  /** What arrived is not HTTP as Node.js reads it. */
  BAD_HTTP: { status: 400, grpc: 'INVALID_ARGUMENT', title: 'The message is not valid HTTP' },
  /** A fault of the service. */
  INTERNAL: { status: 500, grpc: 'INTERNAL', title: 'The service failed' },
} as const;

export type ServiceCode = keyof typeof SERVICE_CODES;

/** One place where the input is wrong, and what would be right. */
export interface Problem {
  /** JSON Pointer (RFC 6901) into the request, or into the snapshot when `in` says so. */
  readonly pointer: string;
  /** Which document the pointer is into. Absent: the request. */
  readonly in?: 'request' | 'snapshot';
  /** What is wrong there and what would be right, as a sentence. */
  readonly detail: string;
}

/** Wrong input: a code from {@link ERROR_CODES}, a sentence, and the places. */
export class QuestionError extends Error {
  readonly code: ErrorCode;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, problems: readonly Problem[] = []) {
    super(message);
    this.name = 'QuestionError';
    this.code = code;
    this.problems = problems;
  }
}

/** At most this many problems are reported of one document; the message says how many there are in all. */
export const MAX_PROBLEMS = 50;

/** Escapes one reference token of a JSON Pointer (RFC 6901, section 3). */
export function pointerToken(token: string | number): string {
  return String(token).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Joins reference tokens to a JSON Pointer: `pointer('items', 3, 'spec')` is `/items/3/spec`. */
export function pointer(...tokens: readonly (string | number)[]): string {
  return tokens.map((token) => `/${pointerToken(token)}`).join('');
}
