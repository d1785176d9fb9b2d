/** What a change of policies lets in from outside of the cluster that was denied before, or denies, range by range. */
import { addressOf, type IPFamily } from '../../base/address.js';
import { type Cluster, podAddresses } from '../../cluster/cluster.js';
import { policiesOf } from '../../cluster/network-policies.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';
import type { Finding } from '../../contract/answers.js';
import { enforcementOf } from '../../policies/enforcer.js';
import { isEvaluated } from '../../policies/policy-set.js';
import { deniersText, finding, listed, MAX_LISTED } from '../findings/finding.js';
import type { Prepared } from '../prepare.js';
import { outsideRanges, rangeNames } from './outside-ranges.js';
import { type Asked, outsideVerdict } from './outside-verdict.js';
import { workloadsOnBothSides } from './workloads-on-both-sides.js';

/** The ports of a pod that Services lead to, and whether clients outside come to one. */
function portsOf(
  cluster: Cluster,
): ReadonlyMap<string, { readonly ports: Map<string, Asked>; readonly services: Set<string> }> {
  const found = new Map<string, { ports: Map<string, Asked>; services: Set<string> }>();
  for (const [key, { spec }] of cluster.services.entries()) {
    const isOutside =
      spec?.type === 'NodePort' || spec?.type === 'LoadBalancer' || (spec?.externalIPs ?? []).length > 0;
    const [namespace = ''] = key.split('/');
    for (const { endpoints, ports } of cluster.slicesOf(key)) {
      for (const { targetRef } of endpoints) {
        const name = `${targetRef?.namespace ?? namespace}/${targetRef?.name}`;
        const known = found.get(name) ?? { ports: new Map<string, Asked>(), services: new Set<string>() };
        for (const { port, protocol } of ports ?? []) {
          const of = protocol ?? 'TCP';
          if (typeof port === 'number') known.ports.set(`${port}/${of}`, { port, protocol: of });
        }
        if (isOutside) known.services.add(key);
        found.set(name, known);
      }
    }
  }
  return found;
}

/** The families of a pod's addresses. */
const familiesOf = (pod: Pod) => podAddresses(pod).flatMap((text) => addressOf(text)?.family ?? []);

/** Ranges outside whose verdict at a workload changes, with the policies that deny them. */
type Ranges = Map<string, readonly string[]>;

interface Changed {
  readonly name: string;
  readonly services: readonly string[];
  /** Those of the pods that clients outside come to. */
  readonly families: ReadonlySet<IPFamily>;
  readonly opened: Ranges;
  readonly cut: Ranges;
}

function openedFinding({ name, services, families, opened }: Changed): Finding[] {
  if (opened.size === 0) return [];
  const wanted = rangeNames(opened.keys(), families);
  const lead =
    services.length === 0
      ? 'No Service leads there from outside yet.'
      : `Clients outside come there by ${listed(services)}.`;
  const message =
    `The change lets clients outside of the cluster (${listed(wanted)}) connect to ${name}, which policies ` +
    `denied before. ${lead}`;
  const [denied = []] = [...opened.values()];
  const evidence = { policy: denied.join(','), ...evidenceOf(name, services, wanted) };
  return [finding('NETWORK_POLICY_OPENS', message, evidence, services.length === 0 ? 'INFO' : 'WARNING')];
}

/** Nobody outside misses a workload to which no Service leads from there. */
function cutFinding({ name, services, families, cut }: Changed): Finding[] {
  if (cut.size === 0 || services.length === 0) return [];
  const wanted = rangeNames(cut.keys(), families);
  const policies = [...new Set([...cut.values()].flat())];
  const message =
    `The change denies clients outside of the cluster (${listed(wanted)}) their connections to ${name}: ingress by ` +
    `${deniersText(policies)}. They come there by ${listed(services)}.`;
  const own = { policy: policies.join(','), policies: policies.slice(0, MAX_LISTED), direction: 'INGRESS' };
  return [finding('NETWORK_POLICY_CUTS', message, { ...own, ...evidenceOf(name, services, wanted) })];
}

const evidenceOf = (name: string, services: readonly string[], ranges: readonly string[]) => ({
  address: ranges.join(','),
  ranges: ranges.slice(0, MAX_LISTED),
  workloads: [name],
  services: services.slice(0, MAX_LISTED),
  outside: true,
});

/** For each workload what ranges outside are newly let in, or newly denied. */
export function outsideFindings(before: Prepared, after: Prepared): readonly Finding[] {
  if (![before, after].some(({ cluster, settings }) => enforcementOf(cluster, settings.network.policies).enforced))
    return [];
  const policies = [before.cluster, after.cluster].flatMap((one) => policiesOf(one).filter(isEvaluated));
  const ranges = outsideRanges(after.cluster, policies, 'INGRESS');
  const ports = portsOf(after.cluster);
  // Of pods that policies treat alike one Service may lead to some, and none to others.
  const led = (pod: Pod) => {
    const known = ports.get(namespacedName(pod));
    return known === undefined ? '' : [...known.ports.keys(), ...known.services].sort().join(' ');
  };
  const changed = workloadsOnBothSides(before.cluster, after.cluster, led).map(({ name, pods }): Changed => {
    const [opened, cut]: readonly [Ranges, Ranges] = [new Map(), new Map()];
    const services = new Set<string>();
    const families = new Set<IPFamily>();
    for (const { was, is: pod } of pods) {
      const known = ports.get(namespacedName(pod));
      for (const family of known === undefined ? [] : familiesOf(pod)) families.add(family);
      for (const asked of known?.ports.values() ?? []) {
        for (const outside of ranges) {
          const family = addressOf(outside.address)?.family;
          const own = podAddresses(pod).find((text) => addressOf(text)?.family === family);
          if (own === undefined) continue;
          const [earlierOne, laterOne] = [
            outsideVerdict(before, 'INGRESS', { pod: was, own }, outside, asked),
            outsideVerdict(after, 'INGRESS', { pod, own }, outside, asked),
          ];
          const verdicts = `${earlierOne.verdict} ${laterOne.verdict}`;
          if (verdicts === 'DENY ALLOW') opened.set(outside.range, earlierOne.policies);
          else if (verdicts === 'ALLOW DENY') cut.set(outside.range, laterOne.policies);
          else continue;
          for (const service of known?.services ?? []) services.add(service);
        }
      }
    }
    return { name, services: [...services].sort(), families, opened, cut };
  });
  return [...changed.flatMap(cutFinding), ...changed.flatMap(openedFinding)];
}
