import type { Pod, Service } from '../../cluster/objects.js';
import { fieldsOf } from '../../cluster/resources.js';
import { annotationOf } from '../annotations.js';
import { isLocal } from '../checks.js';
import { readyEndpointsOn } from '../health.js';
import type { Balanced, Implementation } from '../implementation.js';
import { held, heldCheck, holdingProbe, isDown } from './common.js';

/**
 * Source: kube-vip.io, "Kubernetes Load-Balancer Service" and "Flags and environment variables"; kube-vip/kube-vip pkg/manager,
 * pkg/services: `svc_election` elects a leader for each Service, else one node holds all (lease plndr-svcs-lock).
 */
const PREFIX = 'kube-vip.io/';
const CLASS = 'kube-vip.io/kube-vip-class';
/** Written on the Service: the node that holds its address. */
const HOST = 'kube-vip.io/vipHost';
/** Lease duration of its leader election (vip_leaseduration, default 5 s). */
const FAILOVER_SECONDS = 5;

const isKubeVip = ({ metadata }: Pod) => metadata.namespace === 'kube-system' && /^kube-vip(?:-|$)/.test(metadata.name);

/** Whether its pods run with an election for each Service; undefined: no pod of it is in the snapshot. */
function electsEach({ cluster, options }: Balanced): boolean | undefined {
  if (options.leaderElection !== undefined) return options.leaderElection === 'PER_SERVICE';
  const pod = cluster.podsIn('kube-system').find(isKubeVip);
  const template = cluster.workloads.get('DaemonSet/kube-system/kube-vip-ds')?.spec?.template?.spec;
  const containers = pod?.spec?.containers ?? template?.containers;
  if (containers === undefined) return undefined;
  return containers.some((container) => {
    const { env } = fieldsOf(container);
    const set = Array.isArray(env) ? env.map(fieldsOf) : [];
    return set.some(({ name, value }) => name === 'svc_election' && value === 'true');
  });
}

function holderOf(balanced: Balanced) {
  const { options, service } = balanced;
  const each = electsEach(balanced);
  if (each === undefined) {
    balanced.assume(
      'loadBalancer.leaderElection',
      'GLOBAL',
      'No pod of kube-vip is in the snapshot: one leader for all Services is its default, also where it has no local endpoint. Option leaderElection says otherwise.',
    );
  }
  return {
    holder: options.leader ?? annotationOf(service, HOST),
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
  options: ['leader', 'leaderElection'],
  takes: (service, _platform, cluster) => shown(service, cluster.podsIn('kube-system').some(isKubeVip)),
  probe: (balanced, { node }) => holdingProbe(balanced, holderOf(balanced), node),
  healthCheck: () => heldCheck(FAILOVER_SECONDS),
  ...held,
  // The holder has the address on one of its interfaces.
  addressIsLocal: () => true,
};
