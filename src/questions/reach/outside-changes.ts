/** What a change of policies lets in from outside of the cluster that was denied before, range by range. */
import { addressOf, type Cidr, networkOf } from '../../base/address.js';
import { type Cluster, podAddresses } from '../../cluster/cluster.js';
import { policiesOf } from '../../cluster/network-policies.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';
import { runningWorkloads } from '../../cluster/running-workloads.js';
import type { Finding } from '../../contract/answers.js';
import { DEFAULT_OUTSIDE } from '../../path/sources.js';
import { enforcementOf } from '../../policies/enforcer.js';
import { decide } from '../../policies/evaluate.js';
import { isPoliced } from '../../policies/flow.js';
import { podClass } from '../../policies/pod-class.js';
import { ALL_APIS, isEvaluated } from '../../policies/policy-set.js';
import { fieldsOf, listOf } from '../../policies/rule.js';
import { finding, listed, MAX_LISTED } from '../findings/finding.js';
import { outsideAddressOf } from '../findings/policy-ranges.js';
import type { Prepared } from '../prepare.js';
import { sourceName } from './pair-changes.js';

interface Outside {
  readonly range: string;
  readonly address: string;
}

/** An address for each block that some policy of these clusters names, and one that stands for anywhere. */
function outsides(clusters: readonly Cluster[]): readonly Outside[] {
  const found = new Map<string, Outside>([
    ['0.0.0.0/0', { range: 'anywhere', address: DEFAULT_OUTSIDE.IPv4 }],
    ['::/0', { range: 'anywhere', address: DEFAULT_OUTSIDE.IPv6 }],
  ]);
  const read = (text: unknown): readonly Cidr[] => (typeof text === 'string' ? [networkOf(text) ?? []].flat() : []);
  for (const cluster of clusters) {
    for (const { spec } of policiesOf(cluster).filter(isEvaluated)) {
      for (const rule of listOf(fieldsOf(spec).ingress)) {
        for (const peer of listOf(fieldsOf(rule).from)) {
          const { cidr, except } = fieldsOf(fieldsOf(peer).ipBlock);
          const without = listOf(except).flatMap(read);
          for (const [block, holes] of [
            ...read(cidr).map((one) => [one, without] as const),
            ...without.map((one) => [one, []] as const),
          ]) {
            if (found.has(block.text)) continue;
            const address = outsideAddressOf(cluster, block, holes);
            if (address !== undefined) found.set(block.text, { range: block.text, address });
          }
        }
      }
    }
  }
  return [...found.values()];
}

interface Asked {
  readonly port: number;
  readonly protocol: string;
}

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

function verdictOf(cluster: Cluster, pod: Pod, { address }: Outside, { port, protocol }: Asked, own: string) {
  const apis = enforcementOf(cluster, undefined).by?.admin ?? ALL_APIS;
  const flow = { source: { address }, destination: { address: own, pod }, protocol, port };
  return decide(cluster, 'INGRESS', flow, pod, apis);
}

/** One finding for each workload that is newly open to a range outside, where it was denied before. */
export function openedOutside(before: Prepared, after: Prepared): readonly Finding[] {
  if (before.cluster.resources === after.cluster.resources && before.cluster.pods === after.cluster.pods) return [];
  if (!enforcementOf(before.cluster, before.settings.network.policies).enforced) return [];
  const ranges = outsides([before.cluster, after.cluster]);
  const ports = portsOf(after.cluster);
  const earlier = new Map(runningWorkloads(before.cluster).map((one) => [sourceName(one), one.pods[0]]));
  return runningWorkloads(after.cluster).flatMap((workload): Finding[] => {
    const name = sourceName(workload);
    const opened = new Map<string, readonly string[]>();
    const services = new Set<string>();
    const seen = new Set<string>();
    for (const pod of workload.pods.filter(isPoliced)) {
      const was = before.cluster.pods.get(namespacedName(pod)) ?? earlier.get(name);
      const ofClass = podClass(after.cluster, pod);
      if (was === undefined || seen.has(ofClass)) continue;
      seen.add(ofClass);
      const known = ports.get(namespacedName(pod));
      for (const asked of known?.ports.values() ?? []) {
        for (const outside of ranges) {
          const family = addressOf(outside.address)?.family;
          const own = podAddresses(pod).find((text) => addressOf(text)?.family === family);
          if (own === undefined) continue;
          const denied = verdictOf(before.cluster, was, outside, asked, own);
          if (denied.verdict !== 'DENY' || verdictOf(after.cluster, pod, outside, asked, own).verdict !== 'ALLOW')
            continue;
          opened.set(outside.range, denied.isolatedBy);
          for (const service of known?.services ?? []) services.add(service);
        }
      }
    }
    if (opened.size === 0) return [];
    const wanted = [...opened.keys()];
    const lead =
      services.size === 0
        ? 'No Service leads there from outside yet.'
        : `Clients outside come there by ${listed([...services].sort())}.`;
    const message =
      `The change lets clients outside of the cluster (${listed(wanted)}) connect to ${name}, which policies ` +
      `denied before. ${lead}`;
    const [denied = []] = [...opened.values()];
    const evidence = {
      policy: denied.join(','),
      address: wanted.join(','),
      ranges: wanted.slice(0, MAX_LISTED),
      workloads: [name],
      services: [...services].sort().slice(0, MAX_LISTED),
      outside: true,
    };
    return [finding('NETWORK_POLICY_OPENS', message, evidence, services.size === 0 ? 'INFO' : 'WARNING')];
  });
}
