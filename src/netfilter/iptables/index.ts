/**
 * Every kind of statement and the file that knows it. A new match or target is a file of its own and a line here.
 */

import type { Codec, MatchCodec, TargetCodec } from './match-codec.js';
import { addrtype } from './matches/addrtype.js';
import { comment } from './matches/comment.js';
import { connlimit } from './matches/connlimit.js';
import { connmark } from './matches/connmark.js';
import { conntrack } from './matches/conntrack.js';
import { destination } from './matches/destination.js';
import { fragment } from './matches/fragment.js';
import { hashlimit } from './matches/hashlimit.js';
import { icmp } from './matches/icmp.js';
import { inInterface, outInterface } from './matches/interface.js';
import { iprange } from './matches/iprange.js';
import { ipvs } from './matches/ipvs.js';
import { limit } from './matches/limit.js';
import { mac } from './matches/mac.js';
import { mark } from './matches/mark.js';
import { multiport } from './matches/multiport.js';
import { nfacct } from './matches/nfacct.js';
import { owner } from './matches/owner.js';
import { physdev } from './matches/physdev.js';
import { pkttype } from './matches/pkttype.js';
import { policy } from './matches/policy.js';
import { destinationPort, sourcePort } from './matches/port.js';
import { protocol } from './matches/protocol.js';
import { recent } from './matches/recent.js';
import { rpfilter } from './matches/rpfilter.js';
import { set } from './matches/set.js';
import { socket } from './matches/socket.js';
import { source } from './matches/source.js';
import { statistic } from './matches/statistic.js';
import { tcpFlags } from './matches/tcp-flags.js';
import { transportModule } from './matches/transport-module.js';
import { unknownMatch } from './matches/unknown-match.js';
import type { Match, Statement, StatementKind, Target } from './statements.js';
import { dnat } from './targets/dnat.js';
import { jump } from './targets/jump.js';
import { masquerade } from './targets/masquerade.js';
import { passingTarget, unknownTarget } from './targets/other.js';
import { redirect } from './targets/redirect.js';
import { reject } from './targets/reject.js';
import { setConnmark } from './targets/set-connmark.js';
import { setMark } from './targets/set-mark.js';
import { snat } from './targets/snat.js';
import { verdict } from './targets/verdict.js';

/** The statement of a kind; a kind may be one of several that share an interface. */
type Of<S, K> = S extends { readonly kind: infer Kinds } ? (K extends Kinds ? S : never) : never;

/** Rule options in canonical order first, then transport options in theirs, then modules by name. */
export const MATCHES: { readonly [K in Match['kind']]: MatchCodec<Of<Match, K>> } = {
  source,
  destination,
  'in-interface': inInterface,
  'out-interface': outInterface,
  protocol,
  fragment,
  'source-port': sourcePort,
  'destination-port': destinationPort,
  'tcp-flags': tcpFlags,
  addrtype,
  comment,
  connlimit,
  connmark,
  conntrack,
  hashlimit,
  icmp,
  iprange,
  ipvs,
  limit,
  mac,
  mark,
  module: transportModule,
  multiport,
  nfacct,
  owner,
  physdev,
  pkttype,
  policy,
  recent,
  rpfilter,
  set,
  socket,
  statistic,
  'unknown-match': unknownMatch,
};

export const TARGETS: { readonly [K in Target['kind']]: TargetCodec<Of<Target, K>> } = {
  jump,
  goto: jump,
  accept: verdict,
  drop: verdict,
  return: verdict,
  reject,
  'set-mark': setMark,
  'set-connmark': setConnmark,
  dnat,
  snat,
  masquerade,
  redirect,
  'passing-target': passingTarget,
  'unknown-target': unknownTarget,
};

const matches: Readonly<Record<string, MatchCodec<Match> | undefined>> = MATCHES;
const targets: Readonly<Record<string, TargetCodec<Target> | undefined>> = TARGETS;
const all: Readonly<Record<StatementKind, Codec<Statement>>> = { ...MATCHES, ...TARGETS };

/** What knows the statement's kind. */
export function codecOf(statement: Statement): Codec<Statement> {
  return all[statement.kind];
}

/** As {@link codecOf}, undefined for targets. */
export function matchCodec(statement: Statement): MatchCodec<Match> | undefined {
  return matches[statement.kind];
}

/** As {@link codecOf}, undefined for matches. */
export function targetCodec(statement: Statement): TargetCodec<Target> | undefined {
  return targets[statement.kind];
}

export function isTarget(statement: Statement): statement is Target {
  return targets[statement.kind] !== undefined;
}
