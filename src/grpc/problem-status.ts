/** How refusals leave over gRPC: a status, and in its trailers what a problem document says over HTTP. */
import type { DescMessage } from '@bufbuild/protobuf';
import { type Metadata as GrpcMetadata, Metadata, status } from '@grpc/grpc-js';
import { fieldPath } from '../messages/field-path.js';
import { PROBLEM_CODES, type ProblemInit } from '../work/problem.js';
import { encodeStatus, type FieldViolation } from './details.js';

/** What grpc-js takes for a call that failed. */
export interface Refusal {
  readonly code: number;
  readonly details: string;
  readonly metadata: GrpcMetadata;
}

/** Clients take headers of 8 KiB in all by default; the details are in them, as base64, beside the message. */
const MESSAGE_LIMIT = 600;
const VIOLATIONS_LIMIT = 3000;

/** Text that a header can carry: no half characters, and not too much. */
function headerText(text: string, limit: number): string {
  const short = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return short.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

/** The places as field violations, as many as fit. */
function violationsOf({ errors = [] }: ProblemInit, message: DescMessage | undefined): FieldViolation[] {
  const violations: FieldViolation[] = [];
  let room = VIOLATIONS_LIMIT;
  for (const { pointer, in: document, detail } of errors) {
    const inSnapshot = document === 'snapshot';
    const { path, rest } =
      message === undefined || inSnapshot ? { path: '', rest: pointer } : fieldPath(message, pointer);
    const violation = {
      field: headerText(inSnapshot ? 'snapshot' : path, 300),
      description: headerText(rest === '' ? detail : `${rest}: ${detail}`, MESSAGE_LIMIT),
    };
    room -= Buffer.byteLength(violation.field) + Buffer.byteLength(violation.description);
    if (room < 0) break;
    violations.push(violation);
  }
  return violations;
}

/** The status of a problem. `message`: what the request's places are in. */
export function refusalOf(problem: ProblemInit, requestId: string, message?: DescMessage): Refusal {
  const { grpc, status: http } = PROBLEM_CODES[problem.code];
  const code = status[grpc];
  const details = headerText(problem.detail, MESSAGE_LIMIT);
  const violations = violationsOf(problem, message);
  const omitted = (problem.errors ?? []).length - violations.length;
  const retryAfter = problem.headers?.['retry-after'];
  const metadata = new Metadata();
  metadata.set(
    'grpc-status-details-bin',
    encodeStatus({
      code,
      message: details,
      reason: problem.code,
      metadata: { httpStatus: String(http), ...(omitted > 0 ? { omittedViolations: String(omitted) } : {}) },
      violations,
      ...(retryAfter === undefined ? {} : { retryAfter: Number(retryAfter) }),
      requestId,
    }),
  );
  return { code, details, metadata };
}
