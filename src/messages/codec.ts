/** Requests as they come over gRPC and answers as they leave. */
import { QuestionError } from '../base/errors.js';
import type { Answer } from '../questions/answer.js';
import type { QuestionKind } from '../questions/request.js';
import { type Conversion, ofMessage } from './conversion.js';
import { digestsIn } from './digests.js';
import { BatchRequest, BatchResponse } from './gen/kube_whatif/v1/batch.js';
import { ChainsRequest, ChainsResponse } from './gen/kube_whatif/v1/chains.js';
import { CheckRequest, CheckResponse } from './gen/kube_whatif/v1/check.js';
import { PathRequest, PathResponse } from './gen/kube_whatif/v1/path.js';
import { ProbabilityRequest, ProbabilityResponse } from './gen/kube_whatif/v1/probability.js';
import { SweepRequest, SweepResponse } from './gen/kube_whatif/v1/sweep.js';
import { WhatIfRequest, WhatIfResponse } from './gen/kube_whatif/v1/what_if.js';
import { piecesOf } from './pieces.js';
import { descriptor } from './registry.js';
import { namedSchema } from './schema.js';

/** What ts-proto generates for a message, as far as it is used here. */
interface Codec {
  decode(bytes: Uint8Array): unknown;
  // Generated functions take their own message alone; what a conversion gives has its shape.
  fromPartial(object: never): unknown;
  encode(message: never): { finish(): Uint8Array };
}

interface Rpc {
  /** The RPC's name in proto/, and with it those of its messages and of the schemas that they mirror. */
  readonly name: string;
  readonly request: Codec;
  readonly response: Codec;
  /** The answer comes in pieces. */
  readonly streamed?: true;
}

/** Every question's RPC. */
export const RPCS: Readonly<Record<QuestionKind, Rpc>> = {
  chains: { name: 'Chains', request: ChainsRequest, response: ChainsResponse, streamed: true },
  path: { name: 'Path', request: PathRequest, response: PathResponse },
  probability: { name: 'Probability', request: ProbabilityRequest, response: ProbabilityResponse },
  'what-if': { name: 'WhatIf', request: WhatIfRequest, response: WhatIfResponse, streamed: true },
  sweep: { name: 'Sweep', request: SweepRequest, response: SweepResponse, streamed: true },
  batch: { name: 'Batch', request: BatchRequest, response: BatchResponse },
  check: { name: 'Check', request: CheckRequest, response: CheckResponse },
};

const conversions = new Map<string, Conversion>();

/** The conversion between a message and the schema that it mirrors; made on first use. */
function conversion(message: string, schema: string): Conversion {
  let found = conversions.get(message);
  if (found === undefined) {
    found = ofMessage(descriptor(message), namedSchema(schema));
    conversions.set(message, found);
  }
  return found;
}

const requestConversion = (kind: QuestionKind) => conversion(`${RPCS[kind].name}Request`, `${RPCS[kind].name}Request`);
const answerConversion = (kind: QuestionKind) => conversion(`${RPCS[kind].name}Response`, `${RPCS[kind].name}Answer`);

/** Makes all conversions, so that no first question has to. */
export function prepareMessages(): void {
  for (const kind of Object.keys(RPCS) as QuestionKind[]) {
    requestConversion(kind);
    answerConversion(kind);
  }
}

/**
 * The body that a POST of this request would have, not yet held against the contract. Throws QuestionError MALFORMED (no
 * such message, no JSON where it belongs) or INVALID_REQUEST (fields that the contract does not know).
 */
export function readRequest(kind: QuestionKind, bytes: Uint8Array): unknown {
  const { name, request } = RPCS[kind];
  let message: unknown;
  try {
    message = request.decode(bytes);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const detail = `The message cannot be read as a ${name}Request.`;
    throw new QuestionError('MALFORMED', detail, [{ pointer: '', in: 'request', detail }]);
  }
  return requestConversion(kind).toJson(message, '');
}

/** The snapshots that a request names by digest. Throws Error where the bytes are no message. */
export function digestsNamed(kind: QuestionKind, bytes: Uint8Array): string[] {
  return digestsIn(descriptor(`${RPCS[kind].name}Request`), bytes);
}

/** The answer as one message. */
export function writeAnswer(kind: QuestionKind, answer: Answer): Uint8Array {
  const { response } = RPCS[kind];
  const partial = answerConversion(kind).toMessage(answer);
  return response.encode(response.fromPartial(partial as never) as never).finish();
}

/** The answer as the messages of its RPC: several, where it is streamed and not small. */
export function writeMessages(kind: QuestionKind, answer: Answer): readonly Uint8Array[] {
  const whole = writeAnswer(kind, answer);
  return RPCS[kind].streamed === true ? piecesOf(descriptor(`${RPCS[kind].name}Response`), whole) : [whole];
}

/** A request's JSON as a message: what a client sends. */
export function writeRequest(kind: QuestionKind, request: unknown): Uint8Array {
  const { request: codec } = RPCS[kind];
  return codec.encode(codec.fromPartial(requestConversion(kind).toMessage(request) as never) as never).finish();
}

/** The JSON of an answer that came as a message. */
export function readAnswer(kind: QuestionKind, bytes: Uint8Array): unknown {
  return answerConversion(kind).toJson(RPCS[kind].response.decode(bytes), '');
}
