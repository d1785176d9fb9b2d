import { ONE } from '../../base/fraction.js';
import { fieldsOf } from '../../base/record.js';
import type { Pod, Service } from '../../cluster/objects.js';

import { annotationOf } from '../annotations.js';
import { announcement, isLocal } from '../checks.js';
import { listOf } from '../fields.js';
import { readyEndpointsOn } from '../health.js';
import type { Balanced, Implementation } from '../implementation.js';
import { held, holdingProbe, isDown } from './holding.js';
import { leaseHolder } from './leases.js';

/**
 * Source: kube-vip.io, "Kubernetes Load-Balancer Service" and "Flags and environment variables"; kube-vip/kube-vip
 * pkg/manager, pkg/services: `svc_election` elects a leader for each Service, else one node holds all (lease
 * plndr-svcs-lock).
 */
const PREFIX = 'kube-vip.io/';
const CLASS = 'kube-vip.io/kube-vip-class';
/** Written on the Service: the node that holds its address. */
const HOST = 'kube-vip.io/vipHost';
/** Lease duration of its leader election (vip_leaseduration, default 5 s). */
const FAILOVER_SECONDS = 5;

const isKubeVip = ({ metadata }: Pod) => metadata.namespace === 'kube-system' && /^kube-vip(?:-|$)/.test(metadata.name);

/** Settings of its pods, by the names of their environment variables; undefined: no pod of it is in the snapshot. */
function environment({ cluster }: Balanced): ReadonlyMap<string, string> | undefined {
  const pod = cluster.podsIn('kube-system').find(isKubeVip);
  const template = cluster.workloads.get('DaemonSet/kube-system/kube-vip-ds')?.spec?.template?.spec;
  const containers = pod?.spec?.containers ?? template?.containers;
  if (containers === undefined) return undefined;
  return new Map(
    containers.flatMap((container) =>
      listOf(fieldsOf(container).env).flatMap((one): [string, string][] => {
        const { name, value } = fieldsOf(one);
        return typeof name === 'string' && typeof value === 'string' ? [[name, value]] : [];
      }),
    ),
  );
}

/** Whether its pods run with an election for each Service; undefined: no pod of it is in the snapshot. */
function electsEach(balanced: Balanced): boolean | undefined {
  if (balanced.options.leaderElection !== undefined) return balanced.options.leaderElection === 'PER_SERVICE';
  const set = environment(balanced);
  return set === undefined ? undefined : set.get('svc_election') === 'true';
}

/** Whether it announces addresses by BGP, so that every node has them (kube-vip, "BGP mode"; bgp_enable, vip_arp). */
function usesBgp(balanced: Balanced): boolean {
  const set = environment(balanced);
  return set?.get('bgp_enable') === 'true' && set.get('vip_arp') !== 'true';
}

/** The leases of its elections: of the Service's own, or of all Services. */
function leasesOf({ service: { metadata } }: Balanced, each: boolean): readonly string[] {
  return each ? [`${metadata.namespace ?? 'default'}/kubevip-${metadata.name}`] : ['kube-system/plndr-svcs-lock'];
}

function holderOf(balanced: Balanced) {
  const { options, service, cluster } = balanced;
  const each = electsEach(balanced);
  if (each === undefined) {
    balanced.assume(
      'loadBalancer.leaderElection',
      'GLOBAL',
      'No pod of kube-vip is in the snapshot: one leader for all Services is its default, also where it has ' +
        'no local endpoint. Option leaderElection says otherwise.',
    );
  }
  return {
    holder: options.leader ?? annotationOf(service, HOST) ?? leaseHolder(cluster, ...leasesOf(balanced, each === true)),
    whyNot(node: string) {
      if (isDown(balanced, node)) return `${node} is down (its Ready condition is Unknown)`;
      // With one leader for all it is not looked at where endpoints are; with one for each, Local ones stay with them.
      if (each !== true || !isLocal(balanced) || readyEndpointsOn(balanced, node) > 0) return undefined;
      return `no ready endpoint of ${balanced.key} on ${node}: it takes no part in this Service's election`;
    },
  };
}

function shown(service: Service, hasPods: boolean): string | undefined {
  const { loadBalancerClass } = service.spec ?? {};
  if (loadBalancerClass) return loadBalancerClass === CLASS ? `loadBalancerClass ${CLASS}` : undefined;
  const own = Object.keys(service.metadata.annotations ?? {}).find((name) => name.startsWith(PREFIX));
  if (own !== undefined) return `annotation ${own}`;
  return hasPods ? 'pods of kube-vip in kube-system' : undefined;
}

/** kube-vip in layer 2: one node has the address on an interface of its own, elected for all Services or for each. */
export const kubeVip: Implementation = {
  name: 'kube-vip',
  title: 'kube-vip',
  options: ['leader', 'leaderElection', 'enforcesSourceRanges'],
  takes: (service, _platform, cluster) => shown(service, cluster.podsIn('kube-system').some(isKubeVip)),
  probe(balanced, { node }) {
    const { whyNot, holder } = holderOf(balanced);
    if (!usesBgp(balanced)) return holdingProbe(balanced, { whyNot, holder }, node);
    const why = whyNot(node);
    return { healthy: why === undefined, status: undefined, detail: why ?? `${node} announces the address by BGP` };
  },
  healthCheck: () => announcement(FAILOVER_SECONDS),
  ...held,
  weights(balanced, candidates) {
    if (usesBgp(balanced)) {
      balanced.assume(
        'loadBalancer.ecmp',
        'all announcing nodes alike, by connection',
        'kube-vip announces the address by BGP from every node: routers are taken to hash each connection ' +
          'over equal routes, which is their own configuration.',
      );
    }
    return candidates.map(() => ONE);
  },
  affinity: (balanced) =>
    usesBgp(balanced)
      ? { by: 'CONNECTION', detail: 'routers hash each connection over the nodes that announce the address' }
      : held.affinity(),
  // The holder has the address on one of its interfaces.
  addressIsLocal: () => true,
};
