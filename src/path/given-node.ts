/** What an answer rests on where the rules of a node are given, as text, and not those that kube-proxy would write. */
import type { Ruleset } from '../netfilter/ruleset.js';
import type { AssumptionList } from './assumption-list.js';

/** A node whose rules are given, and what is known of them. */
export interface GivenNode {
  readonly node: string;
  readonly ruleset: Ruleset;
  /** Whether the cluster is another one than the one that the rules are of. */
  readonly isChanged: boolean;
  /** Whether the text says that there are rules beside it, of the other flavour of iptables. */
  readonly isPartial: boolean;
  /** Whether all that is given is a listing of nftables. */
  readonly isListed: boolean;
}

/** Says what of the node is taken for granted. */
export function assumeOfGiven(assumptions: AssumptionList, given: GivenNode): void {
  const { node, ruleset } = given;
  if (given.isChanged) {
    const why =
      `The rules given for ${node} are walked as they are: what kube-proxy makes of the change there is not ` +
      'in them.';
    assumptions.add(`nodeRules.${node}.change`, 'as given, also after the change', why);
  }
  if (given.isPartial) {
    const why = `The text of ${node} warns that tables of iptables-legacy are beside it: they are taken not to matter.`;
    assumptions.add(`nodeRules.${node}.legacy`, 'none', why);
  }
  if (given.isListed) assumeOfListing(assumptions, node, ruleset);
  else assumeOfTables(assumptions, node, ruleset);
}

/** What is taken for granted of tables that are not in the text. */
function assumeOfTables(assumptions: AssumptionList, node: string, { tables }: Ruleset): void {
  for (const [table, what] of [
    ['filter', 'nothing is taken to be filtered'],
    ['nat', 'nothing is taken to be translated'],
  ] as const) {
    if (tables.some(({ name }) => name === table)) continue;
    const why =
      `The rules given for ${node} hold no table ${table}: ${what} there. \`iptables-save\` without -t ` +
      'prints all tables.';
    assumptions.add(`nodeRules.${node}.${table}`, 'none', why);
  }
}

/** What is taken for granted where all that is given of a node is a listing of nftables. */
function assumeOfListing(assumptions: AssumptionList, node: string, { tables }: Ruleset): void {
  const why =
    `Of ${node} a listing of nftables alone is given: rules that iptables keeps elsewhere are taken not to ` +
    'be there (iptablesSave beside it shows them).';
  assumptions.add(`nodeRules.${node}.iptables`, 'none', why);
  if (tables.some(({ name, chain }) => name === 'kube-proxy' || chain('KUBE-SERVICES') !== undefined)) return;
  const none =
    `The listing given for ${node} holds neither a table kube-proxy nor a chain KUBE-SERVICES: whatever ` +
    'kube-proxy writes is taken to be elsewhere, or missing.';
  assumptions.add(`nodeRules.${node}.kubeProxy`, 'writes nothing', none);
}
