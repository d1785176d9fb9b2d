/** Who a request is in logs: an identifier that the client gave, if it can be one, else a new one. */
import { randomUUID } from 'node:crypto';

/** Printable and short: it goes into log lines and back into a header. */
const REQUEST_ID = /^[A-Za-z0-9._:/+=@-]{1,128}$/;

/** W3C Trace Context, version 00 and later ones as far as they look like it. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

export interface RequestIdentity {
  readonly requestId: string;
  /** Of a valid `traceparent`. */
  readonly traceId?: string;
}

/** The trace of a `traceparent`; undefined when it is not valid. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  const [, version, trace, parent, more] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (trace === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  return /^0+$/.test(trace) || /^0+$/.test(parent ?? '') ? undefined : trace;
}

/** From `X-Request-Id` (or its like in metadata) and `traceparent`; what is not valid counts as not given. */
export function identify(requestId: string | undefined, traceparent: string | undefined): RequestIdentity {
  const traceId = traceIdOf(traceparent);
  const given = requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : undefined;
  return { requestId: given ?? traceId ?? randomUUID(), ...(traceId === undefined ? {} : { traceId }) };
}
