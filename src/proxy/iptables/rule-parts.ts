import type {
  AddressTypeMatch,
  CommentMatch,
  DestinationMatch,
  Jump,
  ModuleMatch,
  PortMatch,
  ProtocolMatch,
  SourceMatch,
  Statement,
  StatisticMatch,
  Verdict,
} from '../../netfilter/iptables/statements.js';
import type { Origin, Rule } from '../../netfilter/ruleset.js';

/** Short constructors for the statements that kube-proxy's rules are made of. */

export function rule(chain: string, origin: Origin | undefined, statements: readonly Statement[]): Rule {
  return origin === undefined ? { chain, statements } : { chain, statements, origin };
}

export function comment(text: string): CommentMatch {
  return { kind: 'comment', text };
}

export function source(address: string, negated = false): SourceMatch {
  return negated ? { kind: 'source', address, negated } : { kind: 'source', address };
}

export function destination(address: string, negated = false): DestinationMatch {
  return negated ? { kind: 'destination', address, negated } : { kind: 'destination', address };
}

export function destinationPort(port: number): PortMatch {
  return { kind: 'destination-port', ports: { from: port, to: port } };
}

export function jump(chain: string): Jump {
  return { kind: 'jump', chain };
}

export const ACCEPT: Verdict = { kind: 'accept' };
export const DROP: Verdict = { kind: 'drop' };
export const RETURN: Verdict = { kind: 'return' };
export const REJECT: Statement = { kind: 'reject' };

export const TO_LOCAL: AddressTypeMatch = { kind: 'addrtype', destination: { types: ['LOCAL'] } };
export const FROM_LOCAL: AddressTypeMatch = { kind: 'addrtype', source: { types: ['LOCAL'] } };
export const NOT_FROM_LOCAL: AddressTypeMatch = { kind: 'addrtype', source: { types: ['LOCAL'], negated: true } };

/** `-m tcp -p tcp`, in the order in which kube-proxy writes it. */
export type ProtocolStatements = readonly [ModuleMatch, ProtocolMatch];

function protocolStatements(protocol: string): ProtocolStatements {
  return [
    { kind: 'module', name: protocol },
    { kind: 'protocol', protocol },
  ];
}

/** By protocol as Services spell it. Shared, since every rule of a Service port has them. */
export const PROTOCOLS: Readonly<Record<'TCP' | 'UDP' | 'SCTP', ProtocolStatements>> = {
  TCP: protocolStatements('tcp'),
  UDP: protocolStatements('udp'),
  SCTP: protocolStatements('sctp'),
};

/**
 * A number as Go's `%0.10f` prints it. `toFixed` differs in one way: it rounds an exact half up, Go to the even digit.
 */
function tenDecimals(value: number): string {
  // A hundred decimals hold every double of this size exactly.
  const [, kept, half] = /^(\d+\.\d{9}[02468])(50*)?/.exec(value.toFixed(100)) ?? [];
  return kept !== undefined && half?.length === 90 ? kept : value.toFixed(10);
}

const chances: StatisticMatch[] = [];

/** One chance in m. Kept per m, as the proxier does with its text. */
export function oneIn(m: number): StatisticMatch {
  let chance = chances[m];
  if (chance === undefined) {
    chance = { kind: 'statistic', mode: 'random', probability: tenDecimals(1 / m), nominal: m };
    chances[m] = chance;
  }
  return chance;
}
