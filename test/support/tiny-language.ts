/** A language of rules as small as one can be: what walks rules takes it without a change. */
import { fraction } from '../../src/base/fraction.js';
import type { Language, Matched } from '../../src/netfilter/language.js';
import { type Packet, withDestination } from '../../src/netfilter/packet.js';
import type { Rule } from '../../src/netfilter/ruleset.js';

/**
 * Three statements: `to` tests the destination, `toss` is a matter of chance (one in `of`), `send` translates, or drops
 * the packet where it has no address. Ports are left out where they do not matter.
 */
export type Tiny =
  | { readonly kind: 'to'; readonly address: string; readonly port?: number; readonly protocol?: Packet['protocol'] }
  | { readonly kind: 'toss'; readonly of: number }
  | { readonly kind: 'send'; readonly address?: string; readonly port?: number };

interface TinyMatched extends Matched {
  readonly send: Extract<Tiny, { readonly kind: 'send' }> | undefined;
}

const statementsOf = (rule: Rule) => rule.statements as readonly Tiny[];

function isTo(
  { address, port, protocol }: Extract<Tiny, { readonly kind: 'to' }>,
  { destination, destinationPort, protocol: own }: Packet,
): boolean {
  return address === destination && (port ?? destinationPort) === destinationPort && (protocol ?? own) === own;
}

/** A rule as text: `to 10.96.0.1:80 toss 3 send 10.244.0.1:8080`. */
function textOf(rule: Rule): string {
  return statementsOf(rule)
    .map((one) => {
      if (one.kind === 'toss') return `toss ${one.of}`;
      return `${one.kind} ${one.address ?? 'nowhere'}${one.port === undefined ? '' : `:${one.port}`}`;
    })
    .join(' ');
}

export const TINY: Language<TinyMatched> = {
  name: 'tiny',
  evaluate(rule, packet, { recents }) {
    let chance: Matched['chance'];
    let send: TinyMatched['send'];
    for (const statement of statementsOf(rule)) {
      if (statement.kind === 'to' && !isTo(statement, packet)) return undefined;
      if (statement.kind === 'toss') {
        const share = fraction(1, statement.of);
        chance = { nominal: share, programmed: share };
      }
      if (statement.kind === 'send') send = statement;
    }
    return { chance, isUndecided: false, recentsBefore: recents, send };
  },
  apply({ send }, packet) {
    if (send === undefined) return { action: 'ACCEPT' };
    if (send.address === undefined) return { action: 'DROP' };
    return { action: 'DNAT', packet: withDestination(packet, send.address, send.port) };
  },
  passedBy: () => undefined,
  undecided: () => ({ cause: 'UNKNOWN_MATCH', detail: 'never' }),
  interfacesOf: () => [],
  commentOf: () => '',
  isAboutInvalid: () => false,
  textOf,
};
