/** Service ports as the kube-proxies of a view read them, whatever their mode. */
import type { IPFamily } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import { nodeZone } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Node, Service } from '../../cluster/objects.js';
import { FAMILIES, type NodeProxySettings } from '../../cluster/settings.js';
import type { ServiceRef } from '../../contract/answers.js';
import { nodeIsDown } from '../../path/network.js';
import { isHeadless } from '../../path/service-target.js';
import { isModelled } from '../../proxy/program.js';
import { serviceMap } from '../../proxy/service-map.js';
import type { ProxyEndpoint, ServiceMap, ServicePort } from '../../proxy/service-port.js';
import type { View } from './finders.js';

const upNodes = new WeakMap<Cluster, readonly Node[]>();

/** The Linux nodes that are up: those whose kube-proxies work. */
export function workingNodes(cluster: Cluster): readonly Node[] {
  return remember(upNodes, cluster, () =>
    [...cluster.nodes.values()].filter(
      (node) => node.status?.nodeInfo?.operatingSystem !== 'windows' && !nodeIsDown(node),
    ),
  );
}

const zoneCounts = new WeakMap<Cluster, number>();

/** Whether the cluster's nodes are in several zones. */
export function hasZones(cluster: Cluster): boolean {
  const count = remember(zoneCounts, cluster, () => {
    const zones = new Set([...cluster.nodes.values()].map(nodeZone));
    zones.delete(undefined);
    return zones.size;
  });
  return count > 1;
}

/** How the first working node's kube-proxy reads the Services; undefined where no node works. */
function mapOf({ cluster, settings }: View, family: IPFamily): ServiceMap | undefined {
  const [node] = workingNodes(cluster);
  return node === undefined ? undefined : serviceMap(cluster, family, settings.proxyOf(node.metadata.name));
}

/**
 * Why it is not known what the first working node does with Services, in a few words; undefined where its rules are
 * modelled.
 */
export function unmodelledOf({ cluster, settings }: View): string | undefined {
  if (settings.unsupportedDataplane !== undefined) return settings.unsupportedDataplane;
  const [node] = workingNodes(cluster);
  const mode = node === undefined ? undefined : settings.proxyOf(node.metadata.name).mode;
  return mode === undefined || isModelled(mode) ? undefined : `mode ${mode}`;
}

/** Whether kube-proxy translates Services: its modes choose endpoints by the same policies. */
export function isTranslatedByRules(view: View): boolean {
  return view.settings.unsupportedDataplane === undefined;
}

/** The settings of the first working node's kube-proxy; undefined where no node works. */
export function proxyOfCluster({ cluster, settings }: View): NodeProxySettings | undefined {
  const [node] = workingNodes(cluster);
  return node === undefined ? undefined : settings.proxyOf(node.metadata.name);
}

export interface FamilyPort {
  readonly port: ServicePort;
  readonly services: ServiceMap;
}

const mapsOfViews = new WeakMap<View, readonly ServiceMap[]>();

/** Both families' maps, as the first working node's kube-proxy reads the Services; none where no node works. */
function mapsOf(view: View): readonly ServiceMap[] {
  return remember(mapsOfViews, view, () => FAMILIES.flatMap((family) => mapOf(view, family) ?? []));
}

/** The ports of one Service that kube-proxy has rules for, of both families. */
export function portsOf(view: View, service: string): readonly FamilyPort[] {
  return mapsOf(view).flatMap((services) => services.portsOf(service).map((port) => ({ port, services })));
}

const portsOfViews = new WeakMap<View, readonly FamilyPort[]>();

/**
 * The ports of all Services of the view that kube-proxy has rules for: {@link portsOf} of each. Many findings look at
 * all of them.
 */
export function everyPortOf(view: View): readonly FamilyPort[] {
  return remember(portsOfViews, view, () => {
    const maps = mapsOf(view);
    const all: FamilyPort[] = [];
    for (const key of view.services) {
      for (const services of maps) for (const port of services.portsOf(key)) all.push({ port, services });
    }
    return all;
  });
}

/** A kube-proxy's Service port as answers name it. */
export function refOf({ namespace, name, portName, port, protocol }: ServicePort): ServiceRef {
  return { namespace, name, ...(portName === '' ? {} : { portName }), port, protocol };
}

/** The ports of the view's Services on both sides, by what names them; undefined on the side that has none. */
export function portPairs(
  before: View,
  after: View,
): readonly { readonly before: FamilyPort; readonly after: FamilyPort }[] {
  const services = [...new Set([...before.services, ...after.services])];
  const nameOf = ({ port }: FamilyPort) => `${port.family} ${port.protocol} ${port.portName || port.port}`;
  return services.flatMap((service) => {
    const earlier = new Map(portsOf(before, service).map((port) => [nameOf(port), port]));
    return portsOf(after, service).flatMap((port) => {
      const was = earlier.get(nameOf(port));
      return was === undefined ? [] : [{ before: was, after: port }];
    });
  });
}

/** Whether kube-proxy may send something to the endpoint: it is ready, or serves while it terminates. */
export function isUsable({ ready, serving, terminating }: ProxyEndpoint): boolean {
  return ready || (serving && terminating);
}

const servicesOfViews = new WeakMap<View, readonly (readonly [string, Service])[]>();

/** The view's Services that are there, in the order in which it names them. */
export function servicesOf(view: View): readonly (readonly [string, Service])[] {
  return remember(servicesOfViews, view, () => {
    const found: (readonly [string, Service])[] = [];
    for (const key of view.services) {
      const service = view.cluster.services.get(key);
      if (service !== undefined) found.push([key, service]);
    }
    return found;
  });
}

const headlessOfViews = new WeakMap<View, readonly (readonly [string, Service])[]>();

/** Those of {@link servicesOf} that are headless. */
export function headlessOf(view: View): readonly (readonly [string, Service])[] {
  return remember(headlessOfViews, view, () => servicesOf(view).filter(([, service]) => isHeadless(service)));
}
