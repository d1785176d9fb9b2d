/** What a change of policies lets workloads reach outside of the cluster that was denied before, or denies them. */
import { addressOf } from '../../base/address.js';
import { type Cluster, podAddresses } from '../../cluster/cluster.js';
import type { Pod } from '../../cluster/objects.js';
import type { Resource } from '../../cluster/resources.js';
import type { Finding } from '../../contract/answers.js';
import { enforcementOf } from '../../policies/enforcer.js';
import { decide } from '../../policies/evaluate.js';
import { podEnd } from '../../policies/flow.js';
import { ALL_APIS, policySetOf } from '../../policies/policy-set.js';
import { fieldsOf, listOf } from '../../policies/rule.js';
import { finding, listed, MAX_LISTED } from '../findings/finding.js';
import type { Prepared } from '../prepare.js';
import { type Outside, outsideRanges } from './outside-ranges.js';
import { workloadsOnBothSides } from './workloads-on-both-sides.js';

interface Asked {
  readonly port: number;
  readonly protocol: string;
}

const portText = ({ port, protocol }: Asked) => `${port}/${protocol}`;

/** What is asked of every range: HTTPS, which stands for a port that no rule names. */
const USUAL: Asked = { port: 443, protocol: 'TCP' };

/** So many ports of rules are asked about. */
const MOST_PORTS = 30;

/** The ports that egress rules of these policies name by number, after the usual one. */
function portsAsked(policies: readonly Resource[]): readonly Asked[] {
  const found = new Map([[portText(USUAL), USUAL]]);
  const note = (port: unknown, protocol: unknown) => {
    if (typeof port !== 'number' || found.size >= MOST_PORTS) return;
    const asked = { port, protocol: typeof protocol === 'string' ? protocol : 'TCP' };
    found.set(portText(asked), asked);
  };
  for (const { spec } of policies) {
    for (const { ports } of listOf(fieldsOf(spec).egress).map(fieldsOf)) {
      for (const entry of listOf(ports).map(fieldsOf)) {
        note(entry.port, entry.protocol);
        const { port, protocol } = fieldsOf(entry.portNumber);
        note(port, protocol);
      }
    }
  }
  return [...found.values()];
}

/** Who may reach what, alike for the workloads that it names. */
interface Change {
  readonly isCut: boolean;
  readonly ranges: readonly string[];
  readonly ports: readonly string[];
  /** The policies that deny, before the change or after it. */
  readonly policies: readonly string[];
  readonly workloads: string[];
}

function findingOf({ isCut, ranges, ports, policies, workloads }: Change): Finding {
  const to = `addresses outside of the cluster (${listed(ranges)}; ${listed(ports)})`;
  const message = isCut
    ? `The change denies ${listed(workloads)} connections to ${to}: egress by ${listed(policies)}. Whether they ` +
      'open such connections is not in the snapshot.'
    : `The change lets ${listed(workloads)} connect to ${to}, which policies denied before.`;
  const evidence = {
    policy: policies.join(','),
    policies: policies.slice(0, MAX_LISTED),
    direction: 'EGRESS',
    address: ranges.join(','),
    ranges: ranges.slice(0, MAX_LISTED),
    workloads: workloads.slice(0, MAX_LISTED),
    ports: ports.slice(0, MAX_LISTED),
    outside: true,
  };
  return finding(isCut ? 'NETWORK_POLICY_CUTS' : 'NETWORK_POLICY_OPENS', message, evidence, 'WARNING');
}

function verdictOf(cluster: Cluster, pod: Pod, { address }: Outside, { port, protocol }: Asked, own: string) {
  const apis = enforcementOf(cluster, undefined).by?.admin ?? ALL_APIS;
  const flow = { source: podEnd(cluster, pod, own), destination: { address }, protocol, port };
  return decide(cluster, 'EGRESS', flow, pod, apis);
}

/** Ports and policies by range. */
type ByRange = Map<string, { readonly ports: string[]; readonly policies: Set<string> }>;

function note(ranges: ByRange, range: string, port: string, policies: readonly string[]): void {
  const known = ranges.get(range) ?? { ports: [], policies: new Set<string>() };
  if (!known.ports.includes(port)) known.ports.push(port);
  for (const policy of policies) known.policies.add(policy);
  ranges.set(range, known);
}

/** The policies that are about what a pod opens. */
function aboutEgress(cluster: Cluster, pod: Pod): readonly Resource[] {
  const set = policySetOf(cluster);
  const own = set.isolating(pod, 'EGRESS').policies.map(({ resource }) => resource);
  return [...own, ...set.subjects(pod).map(({ policy }) => policy.resource)];
}

/**
 * For these workloads, by the names that pairs have: which ranges outside are newly reached, or newly denied. Workloads
 * of which the same changes are one finding.
 */
export function egressFindings(before: Prepared, after: Prepared, names: ReadonlySet<string>): readonly Finding[] {
  if (!enforcementOf(before.cluster, before.settings.network.policies).enforced) return [];
  const changes = new Map<string, Change>();
  for (const { name, pods } of workloadsOnBothSides(before.cluster, after.cluster)) {
    if (!names.has(name)) continue;
    const [opened, cut]: readonly [ByRange, ByRange] = [new Map(), new Map()];
    for (const { was, is } of pods) compare(before.cluster, was, after.cluster, is, { opened, cut });
    for (const change of [...changesOf(true, cut), ...changesOf(false, opened)]) {
      const key = JSON.stringify(change);
      const known = changes.get(key) ?? { ...change, workloads: [] };
      known.workloads.push(name);
      changes.set(key, known);
    }
  }
  const all = [...changes.values()];
  return [...all.filter(({ isCut }) => isCut), ...all.filter(({ isCut }) => !isCut)].map(findingOf);
}

/** Notes what a pod may newly reach, and what it may no longer. */
function compare(
  before: Cluster,
  was: Pod,
  after: Cluster,
  pod: Pod,
  { opened, cut }: { readonly opened: ByRange; readonly cut: ByRange },
): void {
  const policies = [...new Set([...aboutEgress(before, was), ...aboutEgress(after, pod)])];
  for (const range of outsideRanges(after, policies, 'EGRESS')) {
    const family = addressOf(range.address)?.family;
    const own = podAddresses(pod).find((text) => addressOf(text)?.family === family);
    if (own === undefined) continue;
    for (const asked of portsAsked(policies)) {
      const earlier = verdictOf(before, was, range, asked, own);
      const later = verdictOf(after, pod, range, asked, own);
      const verdicts = `${earlier.verdict} ${later.verdict}`;
      if (verdicts === 'DENY ALLOW') note(opened, range.range, portText(asked), deniedBy(earlier));
      else if (verdicts === 'ALLOW DENY') note(cut, range.range, portText(asked), deniedBy(later));
    }
  }
}

function deniedBy({ isolatedBy, decidedBy }: ReturnType<typeof decide>): readonly string[] {
  return decidedBy === undefined ? isolatedBy : [`${decidedBy.kind} ${decidedBy.policy}`];
}

/** Ranges of which the same ports are denied by the same policies are one change. */
function changesOf(isCut: boolean, ranges: ByRange): readonly Omit<Change, 'workloads'>[] {
  const found = new Map<string, { ranges: string[]; ports: readonly string[]; policies: readonly string[] }>();
  for (const [range, { ports, policies }] of ranges) {
    const key = JSON.stringify([ports, [...policies].sort()]);
    const known = found.get(key) ?? { ranges: [], ports, policies: [...policies].sort() };
    known.ranges.push(range);
    found.set(key, known);
  }
  return [...found.values()].map((one) => ({ isCut, ...one }));
}
