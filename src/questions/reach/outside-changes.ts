/** What a change of policies lets in from outside of the cluster that was denied before, or denies, range by range. */
import { addressOf, type Cidr, cidrContains, type IPFamily, networkOf } from '../../base/address.js';
import { type Cluster, podAddresses } from '../../cluster/cluster.js';
import { policiesOf } from '../../cluster/network-policies.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';
import { runningWorkloads } from '../../cluster/running-workloads.js';
import { FAMILIES } from '../../cluster/settings.js';
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

/** Addresses that may stand for anywhere, the usual ones first. */
const ANYWHERE: Readonly<Record<IPFamily, readonly string[]>> = {
  IPv4: [DEFAULT_OUTSIDE.IPv4, ...Array.from({ length: 223 }, (_, index) => `${223 - index}.113.7.9`)],
  IPv6: [DEFAULT_OUTSIDE.IPv6, ...Array.from({ length: 64 }, (_, index) => `${(0x2a00 + index).toString(16)}:113::9`)],
};

/** Addresses that are nobody's outside: private, shared, loopback, of links and groups. */
const NOT_OUTSIDE = ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16']
  .concat(['224.0.0.0/3'])
  .flatMap((text) => networkOf(text) ?? []);

/**
 * An address that no block of a policy has but those of all addresses; undefined where they leave none of the tried.
 */
function anywhere(family: IPFamily, blocks: readonly Cidr[]): string | undefined {
  const taken = [...NOT_OUTSIDE, ...blocks.filter(({ length }) => length > 0)];
  return ANYWHERE[family].find((text) => {
    const address = addressOf(text);
    return address !== undefined && !taken.some((one) => cidrContains(one, address));
  });
}

/** An address for each block that some policy of these clusters names, and one that stands for anywhere. */
function outsides(clusters: readonly Cluster[]): readonly Outside[] {
  const found = new Map<string, Outside>();
  const blocks: Cidr[] = [];
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
            blocks.push(block);
            if (found.has(block.text) || block.length === 0) continue;
            const address = outsideAddressOf(cluster, block, holes);
            if (address !== undefined) found.set(block.text, { range: block.text, address });
          }
        }
      }
    }
  }
  const all = FAMILIES.flatMap((family): Outside[] => {
    const address = anywhere(family, blocks);
    return address === undefined ? [] : [{ range: 'anywhere', address }];
  });
  return [...all, ...found.values()];
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

/** Ranges outside whose verdict at a workload changes, with the policies that deny them. */
type Ranges = Map<string, readonly string[]>;

interface Changed {
  readonly name: string;
  readonly services: readonly string[];
  readonly opened: Ranges;
  readonly cut: Ranges;
}

function openedFinding({ name, services, opened }: Changed): Finding[] {
  if (opened.size === 0) return [];
  const wanted = [...opened.keys()];
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
function cutFinding({ name, services, cut }: Changed): Finding[] {
  if (cut.size === 0 || services.length === 0) return [];
  const wanted = [...cut.keys()];
  const policies = [...new Set([...cut.values()].flat())];
  const message =
    `The change denies clients outside of the cluster (${listed(wanted)}) their connections to ${name}: ingress by ` +
    `${listed(policies)}. They come there by ${listed(services)}.`;
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
  if (before.cluster.resources === after.cluster.resources && before.cluster.pods === after.cluster.pods) return [];
  if (!enforcementOf(before.cluster, before.settings.network.policies).enforced) return [];
  const ranges = outsides([before.cluster, after.cluster]);
  const ports = portsOf(after.cluster);
  const earlier = new Map(runningWorkloads(before.cluster).map((one) => [sourceName(one), one.pods[0]]));
  const changed = runningWorkloads(after.cluster).map((workload): Changed => {
    const name = sourceName(workload);
    const [opened, cut]: readonly [Ranges, Ranges] = [new Map(), new Map()];
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
          const [earlierOne, laterOne] = [
            verdictOf(before.cluster, was, outside, asked, own),
            verdictOf(after.cluster, pod, outside, asked, own),
          ];
          const verdicts = `${earlierOne.verdict} ${laterOne.verdict}`;
          if (verdicts === 'DENY ALLOW') opened.set(outside.range, earlierOne.isolatedBy);
          else if (verdicts === 'ALLOW DENY') cut.set(outside.range, laterOne.isolatedBy);
          else continue;
          for (const service of known?.services ?? []) services.add(service);
        }
      }
    }
    return { name, services: [...services].sort(), opened, cut };
  });
  return [...changed.flatMap(cutFinding), ...changed.flatMap(openedFinding)];
}
