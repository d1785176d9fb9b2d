import { type IPFamily, networkOf } from '../../src/base/address.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { NodeProxySettings, Settings } from '../../src/cluster/settings.js';
import { IPTABLES } from '../../src/netfilter/iptables/language.js';
import { printedChains, saveRule } from '../../src/netfilter/iptables/save.js';
import type { Ruleset } from '../../src/netfilter/ruleset.js';
import { programNode } from '../../src/proxy/program.js';

/** The chains that each table of a restore text declares. */
function declared(restore: string): ReadonlyMap<string, ReadonlySet<string>> {
  const byTable = new Map<string, Set<string>>();
  let table = new Set<string>();
  for (const line of restore.split('\n')) {
    if (line.startsWith('*')) {
      table = new Set();
      byTable.set(line.slice(1), table);
    } else if (line.startsWith(':')) table.add(line.slice(1, line.indexOf(' ')));
  }
  return byTable;
}

/**
 * Input for `iptables-restore --noflush` that leaves a node with exactly these rules: all that was there is taken
 * away, then come the built-in chains with their jumps and whatever else kube-proxy's restore text does not hold
 * (kubelet's chains), then that text as kube-proxy writes it.
 */
export function loadable(ruleset: Ruleset, restore: string): string {
  const theirs = declared(restore);
  let text = '';
  // A table in a language of its own is loaded by that language's program.
  for (const table of ruleset.tables.filter(({ language }) => (language ?? ruleset.language) === IPTABLES)) {
    const others = printedChains(table).filter((chain) => !theirs.get(table.name)?.has(chain.name));
    text += `*${table.name}\n-F\n-X\n`;
    for (const chain of printedChains(table)) text += `:${chain.name} ${chain.base?.policy ?? '-'} [0:0]\n`;
    for (const chain of others) for (const rule of chain.rules) text += `${saveRule(rule, ruleset.family)}\n`;
    text += 'COMMIT\n';
  }
  return text + restore;
}

/** What the pod network masquerades in one family, as a CNI's own rules after kube-proxy's. */
function podMasquerade(settings: Settings, family: IPFamily): string {
  const of = (network: string) => networkOf(network)?.family === family;
  const rules = settings.network.podMasquerade
    .filter(({ source }) => of(source))
    .map((rule) => ({ ...rule, exceptDestinations: rule.exceptDestinations.filter(of) }));
  if (rules.length === 0) return '';
  let text = '*nat\n';
  for (const index of rules.keys()) text += `:CNI-${index} - [0:0]\n`;
  for (const [index, { source, exceptDestinations }] of rules.entries()) {
    text += `-A POSTROUTING -s ${source} -j CNI-${index}\n`;
    for (const destination of exceptDestinations) text += `-A CNI-${index} -d ${destination} -j RETURN\n`;
    text += `-A CNI-${index} -j MASQUERADE\n`;
  }
  return `${text}COMMIT\n`;
}

/** The rules of one family of a node of a cluster, kubelet's and the pod network's with them. */
export function nodeRules(
  cluster: Cluster,
  settings: Settings,
  node: string,
  family: IPFamily,
  restore: string,
): string {
  const program = programNode(cluster, node, family, settings.proxyOf(node) satisfies NodeProxySettings);
  const { kubelet, network } = settings;
  return (
    loadable(program.ruleset({ kubelet, forwardPolicy: network.forwardPolicy, ipMasq: network.ipMasq }), restore) +
    podMasquerade(settings, family)
  );
}
