/** Pods whose egress policies forgot DNS: they reach nothing by name. */
import { addressOf, canonicalAddress, makeAddress, networkOf } from '../../base/address.js';
import { type Cluster, podAddresses } from '../../cluster/cluster.js';
import { policiesOf } from '../../cluster/network-policies.js';
import { nodeLocalDns } from '../../cluster/node-local-dns.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';
import { runningWorkloads } from '../../cluster/running-workloads.js';
import type { Finding } from '../../contract/answers.js';
import { asRead, judge } from '../../path/judge.js';
import { type Enforcer, enforcementOf } from '../../policies/enforcer.js';
import { type Direction, isPoliced, podEnd } from '../../policies/flow.js';
import { podClass } from '../../policies/pod-class.js';
import { policySetOf } from '../../policies/policy-set.js';
import { fieldsOf, listOf } from '../../policies/rule.js';
import type { StateFinder } from './finders.js';
import { finding, listed, MAX_LISTED } from './finding.js';

const DNS_SERVICES = ['kube-dns', 'coredns', 'rke2-coredns-rke2-coredns'];

interface DnsServer {
  readonly pod: Pod;
  readonly address: string;
  readonly port: number;
}

/** The pods of the cluster's DNS, with the port that they answer UDP on. */
export function dnsServers(cluster: Cluster): readonly DnsServer[] {
  return DNS_SERVICES.flatMap((name) => {
    const key = `kube-system/${name}`;
    return cluster.slicesOf(key).flatMap(({ endpoints, ports }) => {
      const port = (ports ?? []).find(
        ({ protocol = 'TCP', name: own }) =>
          protocol === 'UDP' && (own === undefined || own === null || /dns/.test(own)),
      )?.port;
      if (typeof port !== 'number') return [];
      return endpoints.flatMap(({ addresses, targetRef }) => {
        const pod = cluster.pods.get(`${targetRef?.namespace ?? 'kube-system'}/${targetRef?.name}`);
        const address = addressOf(addresses[0] ?? '')?.text;
        return pod === undefined || address === undefined ? [] : [{ pod, address, port }];
      });
    });
  });
}

/** Whether the snapshot has a Service that looks like the cluster's DNS. */
function hasDnsService(cluster: Cluster): boolean {
  return [...cluster.services.values()].some(({ spec }) => spec?.ports?.some(({ port }) => port === 53));
}

/**
 * A pod that stands for the cluster's DNS where the snapshot has none: labelled as installers label it. None where no
 * node says which addresses pods have.
 */
function usualDnsServer(cluster: Cluster): readonly DnsServer[] {
  if (hasDnsService(cluster)) return [];
  const [cidr] = [...cluster.nodes.values()].flatMap(({ spec }) => networkOf(spec?.podCIDR ?? '') ?? []);
  if (cidr === undefined) return [];
  const metadata = { name: 'coredns', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };
  const address = makeAddress(cidr.family, cidr.bits + 10n).text;
  return [{ pod: { kind: 'Pod', metadata, spec: { containers: [] } } as unknown as Pod, address, port: 53 }];
}

/** Whether a pod asks the cluster's DNS at all. */
function asksCluster({ spec }: Pod): boolean {
  const { dnsPolicy = 'ClusterFirst' } = (spec ?? {}) as { readonly dnsPolicy?: string };
  return dnsPolicy === 'ClusterFirst' || dnsPolicy === 'ClusterFirstWithHostNet';
}

interface Denied {
  readonly direction: Direction;
  readonly policies: readonly string[];
}

/** What keeps a pod from every DNS server; undefined where one is reached or may be. */
function deniedDns(
  cluster: Cluster,
  pod: Pod,
  servers: readonly DnsServer[],
  by: Enforcer | undefined,
): Denied | undefined {
  let first: Denied | undefined;
  for (const { pod: server, address, port } of servers) {
    const own = podAddresses(pod).find((text) => addressOf(text)?.family === addressOf(address)?.family);
    if (own === undefined) return undefined;
    const source = podEnd(cluster, pod, canonicalAddress(own));
    const flow = asRead({ source, destination: podEnd(cluster, server, address), protocol: 'UDP', port }, by);
    const at = (direction: Direction, one: Pod) => {
      const { decision, ending } = judge(
        cluster,
        { node: one.spec?.nodeName ?? '', direction, pod: one, flow },
        one,
        by,
      );
      return { direction, decision, verdict: ending?.verdict };
    };
    const sides = [at('EGRESS', pod), ...(isPoliced(server) ? [at('INGRESS', server)] : [])];
    if (sides.some(({ verdict }) => verdict === 'UNKNOWN')) return undefined;
    const denied = sides.find(({ verdict }) => verdict !== undefined);
    if (denied === undefined) return undefined;
    const { isolatedBy, decidedBy } = denied.decision;
    const policies = decidedBy === undefined ? isolatedBy : [`${decidedBy.kind} ${decidedBy.policy}`];
    first ??= { direction: denied.direction, policies };
  }
  return first;
}

/** Whether egress policies let a pod open connections to anybody: one that may open none needs no names. */
function opensSome(cluster: Cluster, pod: Pod): boolean {
  const { policies } = policySetOf(cluster).isolating(pod, 'EGRESS');
  return policies.length === 0 || policies.some(({ resource }) => listOf(fieldsOf(resource.spec).egress).length > 0);
}

/** Workloads whose pods may not ask the cluster's DNS, by what denies it. */
export const dnsForgotten: StateFinder = ({ cluster, settings, wide }) => {
  const { enforced, by } = enforcementOf(cluster, settings.network.policies);
  if (wide === undefined || !enforced) return [];
  if (policiesOf(cluster).length === 0 && by?.deniesByDefault !== true) return [];
  // A cache on each node answers from the node's own network: what policies say of that differs between plugins.
  const isLocal = nodeLocalDns(cluster).size > 0;
  const known = isLocal ? [] : dnsServers(cluster);
  const servers = isLocal || known.length > 0 ? known : usualDnsServer(cluster);
  if (servers.length === 0) return [];
  const isAssumed = known.length === 0;
  const asks = (pod: Pod) => isPoliced(pod) && asksCluster(pod) && (!isAssumed || opensSome(cluster, pod));
  const byClass = new Map<string, Denied | null>();
  const groups = new Map<string, Denied & { readonly workloads: string[]; readonly pods: string[] }>();
  for (const { kind, namespace, name, pods } of runningWorkloads(cluster)) {
    if (!(wide.namespaces?.has(namespace) ?? true)) continue;
    for (const pod of pods.filter(asks)) {
      const ofClass = podClass(cluster, pod);
      if (!byClass.has(ofClass)) byClass.set(ofClass, deniedDns(cluster, pod, servers, by) ?? null);
      const denied = byClass.get(ofClass);
      if (!denied) continue;
      const key = JSON.stringify(denied);
      const group = groups.get(key) ?? { ...denied, workloads: [], pods: [] };
      const workload = `${kind} ${namespace}/${name}`;
      if (!group.workloads.includes(workload)) group.workloads.push(workload);
      group.pods.push(namespacedName(pod));
      groups.set(key, group);
    }
  }
  return [...groups.values()].map(({ direction, policies, workloads, pods }): Finding => {
    const named = direction === 'EGRESS' ? 'their egress policies' : 'the policies of the DNS pods';
    const unselected = direction === 'EGRESS' ? 'them' : 'the DNS pods';
    const whose =
      policies.length > 0
        ? `${named} (${listed(policies)})`
        : `the defaults of ${by?.name ?? 'the network plugin'} (no policy selects ${unselected})`;
    const server = isAssumed
      ? 'pods labelled k8s-app=kube-dns in kube-system'
      : namespacedName((servers[0] as DnsServer).pod);
    const instead = isAssumed ? ' The snapshot has no DNS Service: these pods stand for it.' : '';
    const message =
      `Pods of ${listed(workloads)} cannot ask the cluster's DNS: ${whose} let no UDP ` +
      `connection to port ${servers[0]?.port} of ${server} pass. They reach nothing by name.${instead}`;
    return finding('DNS_DENIED', message, {
      direction,
      policies: policies.slice(0, MAX_LISTED),
      policy: policies.join(','),
      workloads: workloads.slice(0, MAX_LISTED),
      workloadCount: workloads.length,
      pods: pods.slice(0, MAX_LISTED),
      podCount: pods.length,
      ...(isAssumed ? { assumed: true } : {}),
    });
  });
};
