/** google.rpc.Status and its details, as clients of every language read them from `grpc-status-details-bin`. */
import { BadRequest, ErrorInfo, RequestInfo, RetryInfo } from '../messages/gen/google/rpc/error_details.js';
import { Status } from '../messages/gen/google/rpc/status.js';

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
const DOMAIN = 'kube-whatif';

const detail = (type: string, encoded: { finish(): Uint8Array }) => ({
  typeUrl: `type.googleapis.com/google.rpc.${type}`,
  value: Buffer.from(encoded.finish()),
});

/** The encoded Status. */
export function encodeStatus(status: StatusDetails): Buffer {
  const { code, message, reason, metadata, violations: fieldViolations, retryAfter: seconds, requestId } = status;
  const details = [detail('ErrorInfo', ErrorInfo.encode({ reason, domain: DOMAIN, metadata: { ...metadata } }))];
  if (fieldViolations.length > 0) {
    details.push(detail('BadRequest', BadRequest.encode({ fieldViolations: [...fieldViolations] })));
  }
  if (seconds !== undefined) details.push(detail('RetryInfo', RetryInfo.encode({ retryDelay: { seconds, nanos: 0 } })));
  details.push(detail('RequestInfo', RequestInfo.encode({ requestId })));
  return Buffer.from(Status.encode({ code, message, details }).finish());
}
