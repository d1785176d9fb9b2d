/** What a change of policies lets workloads reach outside of the cluster that was denied before, or denies them. */
import { addressOf, type IPFamily } from '../../base/address.js';
import { type Cluster, podAddresses } from '../../cluster/cluster.js';
import type { Pod } from '../../cluster/objects.js';
import type { Resource } from '../../cluster/resources.js';
import type { Finding } from '../../contract/answers.js';
import { enforcementOf } from '../../policies/enforcer.js';
import { policySetOf } from '../../policies/policy-set.js';
import { fieldsOf, isGiven, listOf } from '../../policies/rule.js';
import { deniersText, finding, listed, MAX_LISTED } from '../findings/finding.js';
import type { Prepared } from '../prepare.js';
import { outsideRanges, rangeNames } from './outside-ranges.js';
import { type Asked, outsideVerdict } from './outside-verdict.js';
import { workloadsOnBothSides } from './workloads-on-both-sides.js';

const portText = ({ port, protocol }: Asked) => `${port}/${protocol}`;

/** What is asked of every range: HTTPS, which stands for a port that no rule names. */
const USUAL: Asked = { port: 443, protocol: 'TCP' };

/** So many ports of rules are asked about. */
const MOST_PORTS = 30;

/** The ports that egress rules of these policies are about, after the usual one. */
function portsAsked(policies: readonly Resource[]): readonly Asked[] {
  const found = new Map([[portText(USUAL), USUAL]]);
  for (const { spec } of policies) {
    for (const { ports, protocols } of listOf(fieldsOf(spec).egress).map(fieldsOf)) {
      for (const asked of [...listOf(ports).flatMap(portsOfEntry), ...listOf(protocols).flatMap(portsOfProtocol)])
        if (found.size < MOST_PORTS) found.set(portText(asked), asked);
    }
  }
  return [...found.values()];
}

/** Both ends of a range of ports, or the usual one where none is named: it stands for all of the protocol. */
function endsOf(protocol: unknown, first: unknown, last: unknown): readonly Asked[] {
  const own = typeof protocol === 'string' ? protocol : USUAL.protocol;
  const isAll = first === undefined || first === null;
  const ends = isAll ? [USUAL.port] : [first, last].filter((port): port is number => typeof port === 'number');
  return ends.map((port) => ({ port, protocol: own }));
}

/** The ports that one entry of a NetworkPolicy, or of an AdminNetworkPolicy, is about. Names are those of pods. */
function portsOfEntry(entry: unknown): readonly Asked[] {
  const { port, endPort, protocol, portNumber, portRange, namedPort } = fieldsOf(entry);
  if (isGiven(namedPort)) return [];
  if (!isGiven(portNumber) && !isGiven(portRange)) return endsOf(protocol, port, endPort);
  const { start, end, port: number, protocol: own } = fieldsOf(portNumber ?? portRange);
  return endsOf(own, number ?? start, end);
}

/** The same of one entry of a ClusterNetworkPolicy. */
function portsOfProtocol(entry: unknown): readonly Asked[] {
  return Object.entries(fieldsOf(entry)).flatMap(([name, value]) => {
    if (name === 'destinationNamedPort' || !isGiven(value)) return [];
    const { number, range } = fieldsOf(fieldsOf(value).destinationPort);
    const { start, end } = fieldsOf(range);
    return endsOf(name.toUpperCase(), number ?? start, end);
  });
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
    ? `The change denies ${listed(workloads)} connections to ${to}: egress by ${deniersText(policies)}. Whether they ` +
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
  if (![before, after].some(({ cluster, settings }) => enforcementOf(cluster, settings.network.policies).enforced))
    return [];
  const changes = new Map<string, Change>();
  for (const { name, pods } of workloadsOnBothSides(before.cluster, after.cluster)) {
    if (!names.has(name)) continue;
    const [opened, cut]: readonly [ByRange, ByRange] = [new Map(), new Map()];
    for (const { was, is } of pods) compare(before, was, after, is, { opened, cut });
    const families = new Set<IPFamily>(
      pods.flatMap(({ is }) => podAddresses(is).flatMap((text) => addressOf(text)?.family ?? [])),
    );
    for (const change of [...changesOf(true, cut, families), ...changesOf(false, opened, families)]) {
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
  before: Prepared,
  was: Pod,
  after: Prepared,
  pod: Pod,
  { opened, cut }: { readonly opened: ByRange; readonly cut: ByRange },
): void {
  const policies = [...new Set([...aboutEgress(before.cluster, was), ...aboutEgress(after.cluster, pod)])];
  for (const range of outsideRanges(after.cluster, policies, 'EGRESS')) {
    const family = addressOf(range.address)?.family;
    const own = podAddresses(pod).find((text) => addressOf(text)?.family === family);
    if (own === undefined) continue;
    for (const asked of portsAsked(policies)) {
      const earlier = outsideVerdict(before, 'EGRESS', { pod: was, own }, range, asked);
      const later = outsideVerdict(after, 'EGRESS', { pod, own }, range, asked);
      const verdicts = `${earlier.verdict} ${later.verdict}`;
      if (verdicts === 'DENY ALLOW') note(opened, range.range, portText(asked), earlier.policies);
      else if (verdicts === 'ALLOW DENY') note(cut, range.range, portText(asked), later.policies);
    }
  }
}

/** Ranges of which the same ports are denied by the same policies are one change. */
function changesOf(
  isCut: boolean,
  ranges: ByRange,
  families: ReadonlySet<IPFamily>,
): readonly Omit<Change, 'workloads'>[] {
  const found = new Map<string, { ranges: string[]; ports: readonly string[]; policies: readonly string[] }>();
  for (const [range, { ports, policies }] of ranges) {
    const key = JSON.stringify([ports, [...policies].sort()]);
    const known = found.get(key) ?? { ranges: [], ports, policies: [...policies].sort() };
    known.ranges.push(range);
    found.set(key, known);
  }
  return [...found.values()].map((one) => ({ isCut, ...one, ranges: rangeNames(one.ranges, families) }));
}
