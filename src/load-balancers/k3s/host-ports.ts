/**
 * Host ports of ServiceLB's pods. Each Service of type LoadBalancer has a DaemonSet whose pods hold its ports on their
 * nodes; where another holds one already, the pod stays pending and the node's address is not published. Sources: K3s,
 * "Service Load Balancer" (docs.k3s.io/networking/networking-services); k3s pkg/cloudprovider/servicelb.go;
 * kube-scheduler, plugin NodePorts.
 */
import { fieldsOf } from '../../base/record.js';
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import { type Node, namespacedName, type Pod, type Service } from '../../cluster/objects.js';

import { listOf } from '../fields.js';

/**
 * Labels that choose nodes for ServiceLB: once any node has the first one, only nodes on which it is "true" take part;
 * a label of the same name on Service and node further chooses a pool.
 */
const ENABLE_LABEL = 'svccontroller.k3s.cattle.io/enablelb';
const POOL_LABEL = 'svccontroller.k3s.cattle.io/lbpool';
/** On the pods of ServiceLB: the Service that they are for. */
const OWN_POD_LABEL = 'svccontroller.k3s.cattle.io/svcname';

/** Why labels keep a node from holding a Service's ports; undefined: they do not. */
export function leftOutByLabels(cluster: Cluster, service: Service): (node: Node) => string | undefined {
  const chosen = [...cluster.nodes.values()].some(({ metadata }) => metadata.labels?.[ENABLE_LABEL] !== undefined);
  const pool = service.metadata.labels?.[POOL_LABEL] ?? '';
  return ({ metadata: { labels = {} } }) => {
    if (!chosen) return undefined;
    if (labels[ENABLE_LABEL] !== 'true') return `label ${ENABLE_LABEL} is not "true"`;
    return pool !== '' && labels[POOL_LABEL] !== pool ? `label ${POOL_LABEL} is not ${pool}` : undefined;
  };
}

function portsOf({ spec }: Service): readonly string[] {
  return (spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`);
}

/** The host ports that a pod holds on its node. */
function hostPortsOf({ spec, status }: Pod): readonly string[] {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed' || status?.phase === 'Pending') return [];
  return (spec?.containers ?? []).flatMap((container) =>
    listOf(fieldsOf(container).ports).flatMap((one) => {
      const { hostPort, protocol } = fieldsOf(one);
      return typeof hostPort === 'number' && hostPort > 0 ? [`${hostPort}/${String(protocol ?? 'TCP')}`] : [];
    }),
  );
}

interface Held {
  /** Pods that are no ServiceLB's, by node and host port. */
  readonly byPod: ReadonlyMap<string, string>;
  /** Services of ServiceLB by port, those that come first before those that come later. */
  readonly byPort: ReadonlyMap<string, readonly Service[]>;
}

/** Who has the port of two Services: who has an address, else who was made first, else by name. */
function order(a: Service, b: Service): number {
  const has = ({ status }: Service) => (status?.loadBalancer?.ingress?.length ?? 0) > 0;
  if (has(a) !== has(b)) return has(a) ? -1 : 1;
  const [first, second] = [a, b].map(({ metadata }) => metadata.creationTimestamp ?? '9999');
  if (first !== second) return (first as string) < (second as string) ? -1 : 1;
  return namespacedName(a) < namespacedName(b) ? -1 : 1;
}

const known = new WeakMap<Cluster, Held>();

function heldIn(cluster: Cluster): Held {
  return remember(known, cluster, () => {
    const byPod = new Map<string, string>();
    for (const pod of cluster.pods.values()) {
      if (pod.metadata.labels?.[OWN_POD_LABEL] !== undefined) continue;
      for (const port of hostPortsOf(pod)) byPod.set(`${pod.spec?.nodeName} ${port}`, namespacedName(pod));
    }
    const byPort = new Map<string, Service[]>();
    for (const service of cluster.services.values()) {
      if (service.spec?.type !== 'LoadBalancer' || service.spec.loadBalancerClass) continue;
      for (const port of portsOf(service)) remember(byPort, port, () => [] as Service[]).push(service);
    }
    for (const services of byPort.values()) services.sort(order);
    return { byPod, byPort };
  });
}

/**
 * Who holds a port of the Service on a node before it: `Service default/web holds host port 80/TCP`; undefined: nobody
 * does.
 */
export function holderOf(cluster: Cluster, service: Service, node: Node): string | undefined {
  const { byPod, byPort } = heldIn(cluster);
  for (const port of portsOf(service)) {
    const pod = byPod.get(`${node.metadata.name} ${port}`);
    if (pod !== undefined) return `pod ${pod} holds host port ${port}`;
    for (const other of byPort.get(port) ?? []) {
      if (namespacedName(other) === namespacedName(service)) break;
      // One that holds no port of its own on the node is in nobody's way there.
      if (leftOutByLabels(cluster, other)(node) !== undefined) continue;
      return `Service ${namespacedName(other)} holds host port ${port}`;
    }
  }
  return undefined;
}
