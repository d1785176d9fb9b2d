import type { IPFamily } from '../../base/address.js';
import type { Rule } from '../ruleset.js';
import { isTarget, matchCodec, targetCodec } from './index.js';
import type { Match, Statement, Target } from './statements.js';
import { statementsOf } from './statements.js';

/** The kinds that are in a rule's head, in the order in which iptables prints them. */
const HEAD = ['source', 'destination', 'in-interface', 'out-interface', 'protocol', 'fragment'] as const;
const TRANSPORT = ['source-port', 'destination-port', 'tcp-flags'] as const;
const TRANSPORTS = ['tcp', 'udp', 'sctp'];

/** A rule's statements sorted as the kernel keeps them. */
export interface CanonicalRule {
  readonly head: readonly Match[];
  /** Modules in the order in which they were loaded; transport options are behind their module. */
  readonly modules: readonly (readonly Match[])[];
  readonly target: Target | undefined;
}

function isHead(statement: Match): boolean {
  return matchCodec(statement)?.place === 'rule' || (statement.kind === 'unknown-match' && statement.module === '');
}

function isTransport(statement: Match): boolean {
  return (
    matchCodec(statement)?.place === 'transport' ||
    (statement.kind === 'unknown-match' && TRANSPORTS.includes(statement.module))
  );
}

/** The module that transport options belong to: the one loaded, or that of the protocol, which loads it silently. */
function transportOf(statements: readonly Statement[]): string {
  for (const statement of statements) {
    if (statement.kind === 'module') return statement.name;
  }
  for (const statement of statements) {
    if (statement.kind === 'protocol') return statement.protocol;
  }
  return 'tcp';
}

function rank(kinds: readonly string[], match: Match): number {
  const at = kinds.indexOf(match.kind);
  return at < 0 ? kinds.length : at;
}

/** Sorts a rule's statements as `iptables-save` prints them. */
export function canonicalOf(rule: Rule): CanonicalRule {
  const head: Match[] = [];
  const modules: Match[][] = [];
  const transport: Match[] = [];
  const options: Match[] = [];
  let target: Target | undefined;
  for (const statement of statementsOf(rule)) {
    if (isTarget(statement)) {
      target = statement;
    } else if (isHead(statement)) {
      head.push(statement);
    } else if (statement.kind === 'module' || isTransport(statement)) {
      // The first of them is the place of all.
      if (transport.length === 0) {
        transport.push({ kind: 'module', name: transportOf(statementsOf(rule)) });
        modules.push(transport);
      }
      if (statement.kind !== 'module') options.push(statement);
    } else {
      modules.push([statement]);
    }
  }
  head.sort((a, b) => rank(HEAD, a) - rank(HEAD, b));
  transport.push(...options.sort((a, b) => rank(TRANSPORT, a) - rank(TRANSPORT, b)));
  return { head, modules, target };
}

/** A rule as `iptables-save` 1.8 shows it, without line end. */
export function saveRule(rule: Rule, family: IPFamily): string {
  const { head, modules, target } = canonicalOf(rule);
  let text = `-A ${rule.chain}`;
  for (const match of head) text += part(matchCodec(match)?.save(match, family));
  for (const matches of modules) {
    for (const match of matches) text += part(matchCodec(match)?.save(match, family));
  }
  return target === undefined ? text : text + part(targetCodec(target)?.save(target, family));
}

function part(text: string | undefined): string {
  return text === undefined || text === '' ? '' : ` ${text}`;
}
