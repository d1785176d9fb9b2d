/**
 * What happens to every call, whatever is asked: it gets its name, shows its credential, is counted, and tells when its
 * client is gone.
 */

import type { DescMessage } from '@bufbuild/protobuf';
import { Metadata, type ServerErrorResponse, status } from '@grpc/grpc-js';
import type { Backend } from '../operations/backend.js';
import { identify } from '../operations/request-id.js';
import { ClientGone } from '../work/body.js';
import { Client } from '../work/client.js';
import { INTERNAL, ProblemError, type ProblemInit, problemOf } from '../work/problem.js';
import { type Refusal, refusalOf } from './problem-status.js';

/** The part of grpc-js' calls that all kinds of them have. */
export interface AnyCall {
  readonly cancelled: boolean;
  readonly metadata: Metadata;
  getPeer(): string;
  getPath(): string;
  getAuthContext(): { readonly sslPeerCertificate?: { readonly fingerprint256?: string } };
  sendMetadata(metadata: Metadata): void;
  once(event: 'cancelled', listener: () => void): unknown;
}

/** How long a refusal for lack of room may be kept back, milliseconds. */
const LONGEST_REFUSAL = 100;

/** A call as handlers see it. */
export interface Asked {
  readonly requestId: string;
  /** Whose held snapshots it may name. */
  readonly owner: string;
  /** Goes when the client went away, or its deadline passed. */
  readonly client: Client;
}

export interface Described {
  /** For metrics: what kind of question it is. */
  readonly kind?: string;
  /** What places in problems are in. */
  readonly message: DescMessage;
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : undefined;
}

/** The address without the port. */
export function addressOf(peer: string): string {
  return peer.replace(/:\d+$/, '');
}

function ownerOf({ credentials, rateLimit }: Backend, call: AnyCall): string {
  const fingerprint = call.getAuthContext().sslPeerCertificate?.fingerprint256;
  const verdict = credentials.check(textOf(call.metadata, 'authorization'), fingerprint);
  // Whoever shows no credential, or a wrong one, is counted by address.
  const known =
    'owner' in verdict && credentials.required ? `owner ${verdict.owner}` : `address ${addressOf(call.getPeer())}`;
  const problem = rateLimit.take(known) ?? ('problem' in verdict ? verdict.problem : undefined);
  if (problem !== undefined) throw new ProblemError(problem);
  return 'owner' in verdict ? verdict.owner : '';
}

/** The problem that an error stands for; faults go to the log by their place alone. */
function problemOfAny(error: unknown): ProblemInit {
  const problem = problemOf(error);
  if (problem !== undefined) return problem;
  const stack = error instanceof Error ? (error.stack ?? '').split('\n').slice(1).join('\n') : '';
  console.error('fault:', error instanceof Error ? error.name : typeof error, stack);
  return INTERNAL;
}

/**
 * Runs a call: `work` answers it, or throws what `fail` sends to the client. One line of the log and the metrics report
 * it. Never rejects.
 */
export async function runCall(
  backend: Backend,
  call: AnyCall,
  { kind, message }: Described,
  work: (asked: Asked) => Promise<void>,
  fail: (refusal: Refusal & Partial<ServerErrorResponse>) => void,
): Promise<void> {
  const started = performance.now();
  const identity = identify(textOf(call.metadata, 'x-request-id'), textOf(call.metadata, 'traceparent'));
  const { requestId } = identity;
  const client = new Client();
  call.once('cancelled', () => client.leave());
  if (call.cancelled) client.leave();
  let code = 'OK';
  let name = 'OK';
  try {
    const owner = ownerOf(backend, call);
    await work({ requestId, owner, client });
  } catch (error) {
    if (error instanceof ClientGone || client.gone) {
      // Nobody reads a status any more; what the log has is what the client saw.
      code = 'GONE';
      name = 'CANCELLED';
    } else {
      const problem = problemOfAny(error);
      const refusal = refusalOf(problem, requestId, message);
      code = problem.code;
      name = status[refusal.code] ?? 'UNKNOWN';
      if (code === 'OVERLOADED' || code === 'RATE_LIMITED') await backend.workers.refusals.wait(LONGEST_REFUSAL);
      fail(refusal);
    }
  }
  const milliseconds = performance.now() - started;
  const route = call.getPath();
  backend.metrics.request('grpc', route, 'POST', name, milliseconds);
  if (kind !== undefined) backend.metrics.question(kind, code);
  backend.log.info(
    { ...identity, route, status: name, ...(code === 'OK' ? {} : { code }), ms: Math.round(milliseconds) },
    'request',
  );
}

/** The metadata that goes before an answer. */
export function headersOf({ requestId }: Asked): Metadata {
  const metadata = new Metadata();
  metadata.set('x-request-id', requestId);
  return metadata;
}
