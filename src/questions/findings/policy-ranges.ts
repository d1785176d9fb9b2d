/**
 * Policies that let a client range in which nobody ever comes from: a node that is not the pod's own masquerades what
 * comes from outside (externalTrafficPolicy Cluster), and the policy sees the node instead of the client.
 */
import { addressOf, type Cidr, cidrContains, type IPFamily, makeAddress, networkOf } from '../../base/address.js';
import { nodeOfAddress, podOfAddress } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import { policiesOf } from '../../cluster/network-policies.js';
import type { Pod, Service } from '../../cluster/objects.js';
import { podCIDRsOf } from '../../cluster/pod-cidrs.js';
import { FAMILIES } from '../../cluster/settings.js';
import type { Finding } from '../../contract/answers.js';
import { pointsOfJourney } from '../../path/alike-endpoints.js';
import { Fabric } from '../../path/fabric.js';
import { judge } from '../../path/judge.js';
import type { PolicyPoint } from '../../path/policy-point.js';
import { checkServiceSpec, type ServiceTarget, serviceFamilies } from '../../path/service-target.js';
import { DEFAULT_OUTSIDE } from '../../path/sources.js';
import { walkProbe } from '../../path/walk-probe.js';
import { enforcementOf } from '../../policies/enforcer.js';
import type { PodPolicy } from '../../policies/network-policy.js';
import { policySetOf } from '../../policies/policy-set.js';
import { fieldsOf, listOf } from '../../policies/rule.js';
import { clientGroups } from '../../probability/client-groups.js';
import { clientJourneysOf } from '../path/answer-path.js';
import type { StateFinder } from './finders.js';
import { finding, listed, MAX_LISTED, portEvidence, portText } from './finding.js';

/** Addresses of a block that are tried until one is nobody's in the cluster. */
const TRIED = 64n;

interface Range {
  readonly cidr: Cidr;
  /** The block in words, with its exceptions. */
  readonly text: string;
  readonly policies: Set<string>;
  /** An address of it that nobody in the cluster has. */
  readonly address: string;
}

/**
 * An address of a block, outside of its exceptions, that neither a pod nor a node has; undefined where there is none.
 */
export function outsideAddressOf(cluster: Cluster, cidr: Cidr, except: readonly Cidr[]): string | undefined {
  const width = cidr.family === 'IPv4' ? 32 : 128;
  const size = 1n << BigInt(width - cidr.length);
  const spans = [cidr, ...except].map(({ bits, length }) => bits + (1n << BigInt(width - length)));
  // The first ones of all addresses are nobody's anywhere.
  const first = cidr.length === 0 ? (addressOf(DEFAULT_OUTSIDE[cidr.family])?.bits ?? cidr.bits) : cidr.bits;
  const starts = [first, ...spans].filter((bits) => bits >= cidr.bits && bits < cidr.bits + size);
  for (const start of starts) {
    for (
      let step = start === cidr.bits && size > 1n ? 1n : 0n;
      step < TRIED && start + step < cidr.bits + size;
      step++
    ) {
      const address = makeAddress(cidr.family, start + step);
      if (except.some((one) => cidrContains(one, address))) break;
      if (podOfAddress(cluster, address.text) === undefined && nodeOfAddress(cluster, address.text) === undefined)
        return address.text;
    }
  }
  return undefined;
}

/**
 * Whether a block is meant for clients outside: it is no network of pods. All addresses are meant for them too, and may
 * have exceptions in which the nodes are.
 */
function isOutside(podNetworks: readonly Cidr[], cidr: Cidr): boolean {
  if (cidr.length === 0) return true;
  return !podNetworks.some(
    (one) =>
      cidrContains(one, makeAddress(cidr.family, cidr.bits)) || cidrContains(cidr, makeAddress(one.family, one.bits)),
  );
}

/** The client ranges that policies let in to some of these pods, of one family. */
function rangesOf(cluster: Cluster, pods: readonly Pod[], family: IPFamily): readonly Range[] {
  const set = policySetOf(cluster);
  const found = new Map<string, Range>();
  const podNetworks = [...cluster.nodes.values()].flatMap(podCIDRsOf).flatMap((text) => networkOf(text) ?? []);
  const policies = new Set<PodPolicy>(pods.flatMap((pod) => set.isolating(pod, 'INGRESS').policies));
  for (const policy of policies) {
    for (const rule of policy.rules.INGRESS) {
      for (const peer of listOf(fieldsOf(rule).from)) {
        const { cidr: text, except } = fieldsOf(fieldsOf(peer).ipBlock);
        const cidr = typeof text === 'string' ? networkOf(text) : undefined;
        if (cidr?.family !== family || !isOutside(podNetworks, cidr)) continue;
        const without = listOf(except).flatMap((one) => (typeof one === 'string' ? (networkOf(one) ?? []) : []));
        // All addresses without an exception are those of nodes too.
        const address =
          cidr.length === 0 && without.length === 0 ? undefined : outsideAddressOf(cluster, cidr, without);
        if (address === undefined) continue;
        const holes = listed(without.map((one) => one.text));
        const range = found.get(cidr.text) ?? {
          cidr,
          text: holes === '' ? cidr.text : `${cidr.text} except ${holes}`,
          policies: new Set<string>(),
          address,
        };
        range.policies.add(policy.key);
        found.set(cidr.text, range);
      }
    }
  }
  return [...found.values()];
}

/** How clients outside come to a Service's nodes. */
function outsideTargets(cluster: Cluster, service: Service): readonly ServiceTarget[] {
  const { namespace = 'default', name } = service.metadata;
  const { type = 'ClusterIP', externalIPs = [] } = service.spec ?? {};
  const hasNodePorts = type === 'NodePort' || type === 'LoadBalancer';
  const isExternal = externalIPs.length > 0;
  return (service.spec?.ports ?? []).flatMap(({ port, name: portName, nodePort, protocol }) => {
    const via = nodePort && hasNodePorts ? 'NODE_PORT' : isExternal ? 'EXTERNAL_IP' : undefined;
    if (via === undefined) return [];
    const spec = { namespace, name, port, via, ...(portName ? { portName } : {}) } as const;
    return [checkServiceSpec(cluster, spec, (protocol ?? 'TCP') as never, '')];
  });
}

interface Failing {
  readonly nodes: string[];
  readonly seenAs: Set<string>;
}

/** The nodes by which a client of a range comes in and is denied since it is masqueraded there. */
function failingNodes(
  fabric: Fabric,
  target: ServiceTarget,
  { address }: Range,
): Failing & { readonly all: readonly string[] } {
  const { cluster, settings } = fabric;
  const { by } = enforcementOf(cluster, settings.network.policies);
  const destination = { kind: 'SERVICE', target } as const;
  const groups = clientGroups(fabric, { external: { address } }, destination).groups;
  const failing: Failing = { nodes: [], seenAs: new Set() };
  const isLost = (point: PolicyPoint): boolean => {
    if (point.pod === undefined || point.direction !== 'INGRESS' || point.flow.source.address === address) return false;
    const asSeen = judge(cluster, point, point.pod, by).decision.verdict;
    const asSent = judge(cluster, { ...point, flow: { ...point.flow, source: { address } } }, point.pod, by).decision
      .verdict;
    return asSeen === 'DENY' && asSent === 'ALLOW';
  };
  for (const { client, nodes = [client.node] } of groups) {
    const points = clientJourneysOf(fabric, client, destination).flatMap((one) => pointsOfJourney(fabric, one));
    const lost = points.filter(isLost);
    if (lost.length === 0) continue;
    failing.nodes.push(...nodes);
    for (const { flow } of lost) failing.seenAs.add(flow.source.address);
  }
  return { ...failing, all: groups.flatMap(({ client, nodes = [client.node] }) => nodes) };
}

/** One finding for each Service port and client range that some entry node makes useless. */
export const rangesMasqueraded: StateFinder = ({ cluster, settings, services, wide }) => {
  if (wide === undefined || policiesOf(cluster).length === 0) return [];
  if (!enforcementOf(cluster, settings.network.policies).enforced) return [];
  const found: Finding[] = [];
  for (const key of services) {
    const service = cluster.services.get(key);
    if (service === undefined) continue;
    const targets = outsideTargets(cluster, service);
    if (targets.length === 0) continue;
    const [namespace = ''] = key.split('/');
    const pods = cluster
      .slicesOf(key)
      .flatMap(({ endpoints }) =>
        endpoints.flatMap(
          ({ targetRef }) => cluster.pods.get(`${targetRef?.namespace ?? namespace}/${targetRef?.name}`) ?? [],
        ),
      );
    for (const family of FAMILIES) {
      const ranges = rangesOf(cluster, pods, family);
      if (ranges.length === 0) continue;
      const fabric = new Fabric(cluster, settings, family, { walkProbe, recordsPolicies: true });
      for (const target of targets) {
        if (!serviceFamilies(cluster, target).includes(family)) continue;
        if ([...cluster.nodes.keys()].some((node) => fabric.unmodelled(node) !== undefined)) continue;
        const port = { ...target.port, portName: target.port?.name };
        const ref = {
          namespace,
          name: service.metadata.name,
          port: target.portNumber,
          ...(port.portName ? { portName: port.portName } : {}),
          protocol: target.protocol,
        };
        for (const range of ranges) {
          const { nodes, seenAs, all } = failingNodes(fabric, target, range);
          if (nodes.length === 0) continue;
          const policies = [...range.policies];
          const good = all.filter((node) => !nodes.includes(node));
          const where = good.length === 0 ? 'at any node' : `at ${listed(nodes.sort())}`;
          const message =
            `${listed(policies)} lets clients of ${range.text} connect to the pods of ${portText(ref)}. ` +
            `What enters the cluster ${where} is masqueraded ` +
            `on its way to pods of other nodes: the policy sees ${listed([...seenAs].sort())} and denies it ` +
            '(externalTrafficPolicy Cluster).';
          found.push(
            finding('CLIENT_RANGE_MASQUERADED', message, {
              ...portEvidence(ref, family),
              policy: policies.join(','),
              address: range.cidr.text,
              nodes: nodes.slice(0, MAX_LISTED),
              nodeCount: nodes.length,
              passesAt: good.slice(0, MAX_LISTED),
              seenAs: [...seenAs].sort().slice(0, MAX_LISTED),
            }),
          );
        }
      }
    }
  }
  return found;
};
