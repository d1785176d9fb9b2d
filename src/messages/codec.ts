/** Requests as they come over gRPC and answers as they leave. */
import { QuestionError } from '../base/errors.js';
import type { Answer } from '../contract/answers.js';
import type { QuestionKind } from '../questions/kinds.js';
import { QUESTIONS } from '../questions/registry.js';
import { type Conversion, ofMessage } from './conversion.js';
import { namedIn } from './digests.js';
import { encode } from './encode.js';
import { ApplyRequest, ApplyResponse } from './gen/kube_whatif/v1/apply.js';
import { BatchRequest, BatchResponse } from './gen/kube_whatif/v1/batch.js';
import { ChainsRequest, ChainsResponse, type DeepPartial } from './gen/kube_whatif/v1/chains.js';
import { CheckRequest, CheckResponse } from './gen/kube_whatif/v1/check.js';
import { InspectRequest, InspectResponse } from './gen/kube_whatif/v1/inspect.js';
import { PathRequest, PathResponse } from './gen/kube_whatif/v1/path.js';
import { ProbabilityRequest, ProbabilityResponse } from './gen/kube_whatif/v1/probability.js';
import { ReachRequest, ReachResponse } from './gen/kube_whatif/v1/reach.js';
import { SolveRequest, SolveResponse } from './gen/kube_whatif/v1/solve.js';
import { SweepRequest, SweepResponse } from './gen/kube_whatif/v1/sweep.js';
import { TimelineRequest, TimelineResponse } from './gen/kube_whatif/v1/timeline.js';
import { WhatIfRequest, WhatIfResponse } from './gen/kube_whatif/v1/what_if.js';
import { piecesOf } from './pieces.js';
import { descriptor } from './registry.js';
import { namedSchema } from './schema.js';

/** What ts-proto generates for a message, as far as it is used here. */
interface Codec<T> {
  decode(bytes: Uint8Array): T;
}

/** A message type and the JSON of the schema that it mirrors. */
interface Wire {
  /**
   * The JSON of an encoded message. Throws Error where the bytes are no such message, QuestionError for what is in it.
   */
  read(bytes: Uint8Array): unknown;
  write(json: unknown): Uint8Array;
  /** Makes the conversion, so that no first message has to. */
  prepare(): void;
}

/** `message` and `schema`: the names of what is converted, in proto/ and in openapi/. */
function wire<T extends object>(codec: Codec<T>, message: string, schema: string): Wire {
  let made: Conversion<DeepPartial<T>> | undefined;
  const conversion = (): Conversion<DeepPartial<T>> => {
    made ??= ofMessage<T>(descriptor(message), namedSchema(schema));
    return made;
  };
  return {
    read: (bytes) => conversion().toJson(codec.decode(bytes), ''),
    write: (json) => encode(descriptor(message), conversion().toMessage(json) as object),
    prepare: () => void conversion(),
  };
}

interface Rpc {
  /** The RPC's name in proto/, and with it those of its messages and of the schemas that they mirror. */
  readonly name: string;
  readonly request: Wire;
  readonly answer: Wire;
  /** The answer comes in pieces. */
  readonly streamed: boolean;
}

function rpc<Q extends object, A extends object>(kind: QuestionKind, request: Codec<Q>, response: Codec<A>): Rpc {
  const { rpc: name, streamed } = QUESTIONS[kind];
  return {
    name,
    request: wire(request, `${name}Request`, `${name}Request`),
    answer: wire(response, `${name}Response`, `${name}Answer`),
    streamed,
  };
}

/** Every question's RPC. */
export const RPCS: Readonly<Record<QuestionKind, Rpc>> = {
  chains: rpc('chains', ChainsRequest, ChainsResponse),
  path: rpc('path', PathRequest, PathResponse),
  probability: rpc('probability', ProbabilityRequest, ProbabilityResponse),
  'what-if': rpc('what-if', WhatIfRequest, WhatIfResponse),
  sweep: rpc('sweep', SweepRequest, SweepResponse),
  batch: rpc('batch', BatchRequest, BatchResponse),
  check: rpc('check', CheckRequest, CheckResponse),
  inspect: rpc('inspect', InspectRequest, InspectResponse),
  apply: rpc('apply', ApplyRequest, ApplyResponse),
  reach: rpc('reach', ReachRequest, ReachResponse),
  solve: rpc('solve', SolveRequest, SolveResponse),
  timeline: rpc('timeline', TimelineRequest, TimelineResponse),
};

/** Makes all conversions, so that no first question has to. */
export function prepareMessages(): void {
  for (const { request, answer } of Object.values(RPCS)) {
    request.prepare();
    answer.prepare();
  }
}

/**
 * The body that a POST of this request would have, not yet validated. Throws QuestionError MALFORMED (no such message,
 * no JSON where it belongs) or INVALID_REQUEST (fields that the contract does not know).
 */
export function readRequest(kind: QuestionKind, bytes: Uint8Array): unknown {
  const { name, request } = RPCS[kind];
  try {
    return request.read(bytes);
  } catch (error) {
    if (error instanceof QuestionError || !(error instanceof Error)) throw error;
    const detail = `The message cannot be read as a ${name}Request.`;
    throw new QuestionError('MALFORMED', detail, [{ pointer: '', in: 'request', detail }]);
  }
}

/** The snapshots that a request names, by digest and by name. Throws Error where the bytes are no message. */
export function snapshotsNamed(kind: QuestionKind, bytes: Uint8Array): ReturnType<typeof namedIn> {
  return namedIn(descriptor(`${RPCS[kind].name}Request`), bytes);
}

/** The answer, or a part of it, as one message. */
export function writeAnswer(kind: QuestionKind, answer: Answer | object): Uint8Array {
  return RPCS[kind].answer.write(answer);
}

/** The answer as the messages of its RPC: several, where it is streamed and not small. */
export function writeMessages(kind: QuestionKind, answer: Answer | object): readonly Uint8Array[] {
  const whole = writeAnswer(kind, answer);
  return RPCS[kind].streamed ? piecesOf(descriptor(`${RPCS[kind].name}Response`), whole) : [whole];
}

/** A request's JSON as a message: what a client sends. */
export function writeRequest(kind: QuestionKind, request: unknown): Uint8Array {
  return RPCS[kind].request.write(request);
}

/** The JSON of an answer that came as a message. */
export function readAnswer(kind: QuestionKind, bytes: Uint8Array): unknown {
  return RPCS[kind].answer.read(bytes);
}
