import { fieldsOf } from '../../base/record.js';
import type { Cluster } from '../../cluster/cluster.js';
import { matchesSelector } from '../../cluster/labels.js';
import type { Node, Service } from '../../cluster/objects.js';
import type { Resource } from '../../cluster/resources.js';
import { announcement } from '../checks.js';
import { selectorOf } from '../fields.js';
import type { Balanced, Implementation } from '../implementation.js';
import { allocatedByCilium } from './cilium-pools.js';
import { held, holdingProbe, isDown } from './holding.js';
import { leaseHolder } from './leases.js';

/**
 * Source: Cilium documentation, "L2 Announcements / L2 Aware LB" and "LoadBalancer IP Address Management": policies
 * select Services and nodes, a lease in kube-system says which node answers; externalTrafficPolicy Local is not looked
 * at.
 */
const CLASS = 'io.cilium/l2-announcer';
/** Leases last 15 s by default (--l2-announcements-lease-duration). */
const FAILOVER_SECONDS = 15;

function policiesOf({ resources }: Cluster): readonly Resource[] {
  return [...resources.values()].filter(({ kind }) => kind === 'CiliumL2AnnouncementPolicy');
}

/** Whether a selector takes the labels; an absent one takes all. */
function takes(selector: unknown, labels: Readonly<Record<string, string>> | undefined): boolean {
  return selector === undefined || selector === null || matchesSelector(labels, selectorOf(selector));
}

function selecting(cluster: Cluster, { metadata: { labels } }: Service): readonly Resource[] {
  return policiesOf(cluster).filter(
    ({ spec }) => takes(fieldsOf(spec).serviceSelector, labels) && fieldsOf(spec).loadBalancerIPs !== false,
  );
}

function whyNot(balanced: Balanced, name: string): string | undefined {
  const { cluster, service } = balanced;
  if (isDown(balanced, name)) return `${name} is down (its Ready condition is Unknown)`;
  const policies = selecting(cluster, service);
  if (policies.length === 0) return 'no CiliumL2AnnouncementPolicy selects the Service: nobody announces its address';
  const node: Node | undefined = cluster.nodes.get(name);
  const some = policies.some(({ spec }) => takes(fieldsOf(spec).nodeSelector, node?.metadata.labels));
  return some ? undefined : 'no CiliumL2AnnouncementPolicy of the Service selects the node';
}

/**
 * The node with the Service's lease, `cilium-l2announce-NAMESPACE-NAME` in kube-system (Cilium, "L2 Announcements",
 * Troubleshooting).
 */
function holderOf({ options, cluster, service: { metadata } }: Balanced): string | undefined {
  const lease = `kube-system/cilium-l2announce-${metadata.namespace ?? 'default'}-${metadata.name}`;
  return options.leader ?? leaseHolder(cluster, lease);
}

/** Cilium's layer 2 announcements: the node with the Service's lease answers for the address. */
export const ciliumL2: Implementation = {
  name: 'cilium-l2',
  title: 'Cilium (layer 2 announcements)',
  options: ['leader', 'enforcesSourceRanges'],
  takes(service, _platform, cluster) {
    const { loadBalancerClass } = service.spec ?? {};
    if (loadBalancerClass) return loadBalancerClass === CLASS ? `loadBalancerClass ${CLASS}` : undefined;
    const [policy] = selecting(cluster, service);
    return policy === undefined ? undefined : `CiliumL2AnnouncementPolicy ${policy.metadata.name} selects it`;
  },
  probe: (balanced, { node }) =>
    holdingProbe(balanced, { holder: holderOf(balanced), whyNot: (name) => whyNot(balanced, name) }, node),
  healthCheck: () => announcement(FAILOVER_SECONDS),
  ...held,
  allocates: allocatedByCilium,
  addressIsLocal: () => false,
};
