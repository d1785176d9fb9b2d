/** What another mode of kube-proxy changes for all Services at once. */
import { addressFamily } from '../../base/address.js';
import { nodeAddresses } from '../../cluster/addresses.js';
import type { Node } from '../../cluster/objects.js';
import { FAMILIES } from '../../cluster/settings.js';
import type { Finding } from '../../contract/answers.js';
import { hasSharedChains, notAvailable, rejectsUnknownPorts } from '../../proxy/mode-switch.js';
import { isModelled, programNode } from '../../proxy/program.js';
import type { DifferenceFinder, View } from './finders.js';
import { finding, listed, MAX_LISTED } from './finding.js';
import { names, nodeEvidence, type Switched, switchedNodes } from './mode-nodes.js';

/** `namespace/name` of the Services with node ports. */
function nodePortServices({ cluster }: View): readonly string[] {
  return [...cluster.services.entries()]
    .filter(([, { spec }]) => spec?.ports?.some(({ nodePort }) => (nodePort ?? 0) !== 0))
    .map(([key]) => key);
}

function unavailable(switched: readonly Switched[]): readonly Finding[] {
  const why = new Map<string, Switched[]>();
  for (const one of switched) {
    const reason = notAvailable(one.node, one.after);
    if (reason === undefined) continue;
    const same = why.get(reason);
    if (same === undefined) why.set(reason, [one]);
    else same.push(one);
  }
  return [...why].map(([cause, nodes]) =>
    finding(
      'PROXY_MODE_NOT_AVAILABLE',
      `kube-proxy does not start in ${nodes[0]?.after.mode} mode on ${listed(names(nodes))}: ${cause}.`,
      { ...nodeEvidence(nodes), cause, mode: nodes[0]?.after.mode },
    ),
  );
}

interface Lost {
  readonly node: Node;
  readonly addresses: readonly string[];
  readonly loopback: boolean;
}

/** The addresses of a node that take node ports before the change and not after it. */
function lostOn({ node, before: was, after: is }: Switched, before: View, after: View): Lost {
  const addresses: string[] = [];
  let loopback = false;
  if (!isModelled(was.mode) || !isModelled(is.mode)) return { node, addresses, loopback };
  for (const family of FAMILIES) {
    const old = programNode(before.cluster, node.metadata.name, family, was);
    const now = programNode(after.cluster, node.metadata.name, family, is);
    if (family === 'IPv4') loopback = old.routeLocalnet && !now.routeLocalnet;
    const own = nodeAddresses(node).filter((address) => addressFamily(address) === family);
    const took = (list: readonly string[] | undefined, address: string) => list?.includes(address) ?? true;
    addresses.push(
      ...own.filter((address) => took(old.nodePortAddresses, address) && !took(now.nodePortAddresses, address)),
    );
  }
  return { node, addresses, loopback };
}

function nodePorts(switched: readonly Switched[], before: View, after: View): readonly Finding[] {
  const services = nodePortServices(after);
  if (services.length === 0) return [];
  const lost = switched.map((one) => lostOn(one, before, after));
  const about = { services: services.slice(0, MAX_LISTED), serviceCount: services.length };
  const found: Finding[] = [];
  const secondary = lost.filter(({ addresses }) => addresses.length > 0);
  if (secondary.length > 0) {
    const addresses = secondary.flatMap((one) => one.addresses);
    const mode = switched[0]?.after.mode;
    const taken =
      mode === 'nftables' ? 'the primary address of a node, unless nodePortAddresses names others' : 'other addresses';
    const message =
      `Node ports of ${listed(services)} no longer answer on ${listed(addresses)}: ${mode} mode takes them on ` +
      `${taken}.`;
    found.push(
      finding('NODE_PORT_ADDRESSES_LOST', message, {
        ...about,
        addresses: addresses.slice(0, MAX_LISTED),
        ...nodeEvidence(secondary),
      }),
    );
  }
  const loopback = lost.filter((one) => one.loopback);
  if (loopback.length > 0) {
    const message =
      `Node ports of ${listed(services)} no longer answer on 127.0.0.1: processes of the host that use them ` +
      'there are refused.';
    found.push(finding('LOOPBACK_NODE_PORTS_LOST', message, { ...about, ...nodeEvidence(loopback) }));
  }
  const opened = switched.filter((one) => opensLoopback(one, before, after));
  if (opened.length > 0) {
    const message =
      `Node ports of ${listed(services)} newly answer on 127.0.0.1, which localhostNodePorts decides: ` +
      'processes of the host reach them there.';
    found.push(finding('LOOPBACK_NODE_PORTS_OPENED', message, { ...about, ...nodeEvidence(opened) }));
  }
  return found;
}

/** Whether node ports are translated on 127.0.0.1 after the change alone. */
function opensLoopback({ node, before: was, after: is }: Switched, before: View, after: View): boolean {
  if (!isModelled(was.mode) || !isModelled(is.mode)) return false;
  const { name } = node.metadata;
  const old = programNode(before.cluster, name, 'IPv4', was);
  return !old.routeLocalnet && programNode(after.cluster, name, 'IPv4', is).routeLocalnet;
}

function unknownPorts(switched: readonly Switched[]): readonly Finding[] {
  const turned = (rejects: boolean) =>
    switched.filter(
      ({ before, after }) => rejectsUnknownPorts(after) === rejects && rejectsUnknownPorts(before) !== rejects,
    );
  const [sooner, later] = [turned(true), turned(false)];
  const about = (nodes: readonly Switched[], message: string, now: string) =>
    nodes.length === 0 ? [] : [finding('UNKNOWN_PORTS_CHANGED', message, { ...nodeEvidence(nodes), now })];
  return [
    ...about(
      sooner,
      'Connections to a port of a cluster IP that no Service has are rejected at once; before, they were not answered.',
      'REJECTED',
    ),
    ...about(
      later,
      'Connections to a port of a cluster IP that no Service has are not answered any more; before, they ' +
        'were rejected.',
      'NO_RULE',
    ),
  ];
}

/** What else ipvs mode leaves behind. */
function leftOfIpvs(switched: readonly Switched[]): string {
  return switched.some(({ before }) => before.mode === 'ipvs')
    ? ' Of ipvs mode virtual servers, sets and kube-ipvs0 with its addresses stay too: as long as they do, ' +
        'IPVS goes on to take connections.'
    : '';
}

function otherRules(switched: readonly Switched[]): readonly Finding[] {
  const found: Finding[] = [];
  const without = switched.filter(({ before, after }) => hasSharedChains(before) && !hasSharedChains(after));
  if (without.length > 0) {
    const message =
      `Rules of others on ${listed(names(without))} that jump to kube-proxy's chains (KUBE-MARK-MASQ, ` +
      'KUBE-SERVICES) or wait for its mark find neither; traffic of Services is no longer accepted by ' +
      'KUBE-FORWARD where the policy of FORWARD is DROP.';
    found.push(finding('PROXY_CHAINS_GONE', message, nodeEvidence(without)));
  }
  const message =
    `Rules of the former mode stay on ${listed(names(switched))} where kube-proxy cannot remove them: restart ` +
    `the node, or run kube-proxy --cleanup before the new mode starts.${leftOfIpvs(switched)}`;
  if (switched.length > 0) {
    const modes = [...new Set(switched.map(({ before }) => before.mode))];
    found.push(finding('PROXY_RULES_LEFT_BEHIND', message, { ...nodeEvidence(switched), modes }));
  }
  const masquerade = switched.filter(({ before, after }) => before.masqueradeAll && !after.masqueradeAll);
  if (masquerade.length > 0) {
    const why =
      'masqueradeAll was on, and is not set for the new mode: traffic to cluster IPs keeps its source on ' +
      `${listed(names(masquerade))}.`;
    found.push(finding('MASQUERADE_ALL_LOST', why, nodeEvidence(masquerade)));
  }
  return found;
}

/** What nodes lose and what changes on them when kube-proxy runs in another mode. */
export const proxyModeFindings: DifferenceFinder = (before, after) => {
  const switched = switchedNodes(before, after);
  if (switched.length === 0) return [];
  return [
    ...unavailable(switched),
    ...nodePorts(switched, before, after),
    ...unknownPorts(switched),
    ...otherRules(switched),
  ];
};
