/**
 * What a node's kube-proxy programs for one Service, as text to be compared: the rules, or what they would be made of.
 */
import type { IPFamily } from '../../base/address.js';
import { QuestionError } from '../../base/errors.js';
import { LAST_APPLIED_ANNOTATION } from '../../changes/update-service.js';
import type { Service } from '../../cluster/objects.js';
import { FAMILIES } from '../../cluster/settings.js';
import { isBalanced } from '../../load-balancers/balancer-addresses.js';
import { headlessEndpoints } from '../../path/dns.js';
import { nodeIsDown } from '../../path/network.js';
import { isHeadless } from '../../path/service-target.js';
import type { NodeProgram } from '../../proxy/node-program.js';
import { programNode } from '../../proxy/program.js';
import { serviceMap } from '../../proxy/service-map.js';
import type { ServicePort } from '../../proxy/service-port.js';
import { workingNodes } from '../findings/service-facts.js';
import type { Prepared } from '../prepare.js';
import { balancedText } from './balanced.js';

type Side = Pick<Prepared, 'cluster' | 'settings'>;

/** The program of a node; undefined where its data plane, proxy mode or system is not modelled. */
function programOf({ cluster, settings }: Side, node: string, family: IPFamily): NodeProgram | undefined {
  if (settings.unsupportedDataplane !== undefined) return undefined;
  try {
    return programNode(cluster, node, family, settings.proxyOf(node));
  } catch (error) {
    if (error instanceof QuestionError) return undefined;
    throw error;
  }
}

/** Who else claims the port's addresses: their rules are before or after its own. */
function rivals(program: NodeProgram, port: ServicePort): readonly string[] {
  const addresses = [port.clusterIP, ...port.externalIPs, ...port.loadBalancerVIPs];
  return addresses.flatMap((address) => {
    const claims = program.services.claims(port.protocol, address, port.port);
    return claims.length < 2 ? [] : [`${address} ${claims.map(({ id }) => id).join(' ')}`];
  });
}

/** A comment of a rule as iptables-save writes it. */
const COMMENT = / -m comment --comment (?:"(?:[^"\\\\]|\\\\.)*"|\S+)/g;

function portText(program: NodeProgram, port: ServicePort): string {
  const others = rivals(program, port).join('\n');
  // Comments steer no packet: kube-proxy leaves them out of large clusters.
  return [program.programText(port).replace(COMMENT, ''), others].join('\n');
}

/** Why it is not known what a node does with Services, in a sentence; undefined where its rules are modelled. */
export function unmodelledOn({ cluster, settings }: Side, node: string): string | undefined {
  if (settings.unsupportedDataplane !== undefined) return settings.unsupportedDataplane;
  try {
    programNode(cluster, node, 'IPv4', settings.proxyOf(node));
    return undefined;
  } catch (error) {
    if (error instanceof QuestionError) return error.message;
    throw error;
  }
}

/**
 * All of a Service that a data plane could read: what is compared where it is not known what a data plane makes of it.
 * '' where the Service is not there.
 */
export function readableOf({ cluster }: Side, key: string): string {
  const service = cluster.services.get(key);
  if (service === undefined) return '';
  const { labels, annotations = {} } = service.metadata;
  const { [LAST_APPLIED_ANNOTATION]: _, ...read } = annotations;
  const slices = cluster.slicesOf(key).map(({ addressType, endpoints, ports }) => [addressType, ports, endpoints]);
  return JSON.stringify([labels, read, service.spec, service.status, slices]);
}

/** What one node's kube-proxies program for a Service, in both families. */
export function programmedOn(side: Side, node: string, service: string): string {
  return FAMILIES.map((family) => {
    const program = programOf(side, node, family);
    if (program === undefined) return `${family} not modelled`;
    return program.services
      .portsOf(service)
      .map((port) => portText(program, port))
      .join('\n');
  }).join('\n\n');
}

/** What of a node's program is no Service's own: its settings, addresses and fixed rules. */
export function programmedBeside(side: Side, node: string): string {
  const object = side.cluster.nodes.get(node);
  const proxy = JSON.stringify(side.settings.proxyOf(node));
  const addresses = JSON.stringify([object?.status?.addresses, object?.spec?.podCIDR, object?.spec?.podCIDRs]);
  const beside = JSON.stringify([side.settings.unsupportedDataplane ?? '', side.settings.beside]);
  return [beside, proxy, addresses, JSON.stringify(object?.metadata.labels ?? {}), object && nodeIsDown(object)].join(
    '\n',
  );
}

/** What DNS and load balancers make of a Service, which no kube-proxy programs. */
function besideRules(side: Side, key: string, service: Service, earlier?: Side): string {
  const { cluster } = side;
  const { spec, status } = service;
  const parts: unknown[] = [];
  if (spec?.type === 'ExternalName') parts.push(spec.externalName);
  if (isHeadless(service)) {
    for (const family of FAMILIES) {
      const names = [undefined, ...(spec?.ports ?? []).map(({ name }) => name)];
      parts.push(names.map((name) => headlessEndpoints(cluster, key, family, name)));
    }
    parts.push(spec?.ports);
  }
  if (isBalanced(service, cluster)) {
    parts.push(status?.loadBalancer, balancedText(side, service, key, earlier));
  }
  return JSON.stringify(parts);
}

/** What rules of a Service are made of, whatever the node: its ports and their endpoints as kube-proxy reads them. */
export function inputsOf(side: Side, key: string, earlier?: Side): string {
  const { cluster, settings } = side;
  const service = cluster.services.get(key);
  if (service === undefined) return '';
  const [node] = workingNodes(cluster);
  const parts: unknown[] = [besideRules(side, key, service, earlier)];
  for (const family of node === undefined ? [] : FAMILIES) {
    const services = serviceMap(cluster, family, settings.proxyOf(node?.metadata.name ?? ''));
    for (const port of services.portsOf(key)) {
      const addresses = [port.clusterIP, ...port.externalIPs, ...port.loadBalancerVIPs];
      const claims = addresses.map((address) => services.claims(port.protocol, address, port.port).map(({ id }) => id));
      parts.push(port, services.endpointsOf(port), claims);
    }
  }
  return JSON.stringify(parts);
}

/** The other Services that claim an address and port of this one. */
export function rivalsOf({ cluster, settings }: Side, key: string): readonly string[] {
  const found = new Set<string>();
  const [node] = workingNodes(cluster);
  for (const family of node === undefined ? [] : FAMILIES) {
    const services = serviceMap(cluster, family, settings.proxyOf(node?.metadata.name ?? ''));
    for (const port of services.portsOf(key)) {
      for (const address of [port.clusterIP, ...port.externalIPs, ...port.loadBalancerVIPs]) {
        for (const { service } of services.claims(port.protocol, address, port.port)) found.add(service);
      }
    }
  }
  found.delete(key);
  return [...found];
}

/** What nobody programs for a Service: {@link besideRules}; '' where the Service is not there. */
export function elsewhere(side: Side, key: string, earlier?: Side): string {
  const service = side.cluster.services.get(key);
  return service === undefined ? '' : besideRules(side, key, service, earlier);
}

/**
 * The nodes on which a Service may have other rules than elsewhere: those of its endpoints, and those that hints name.
 */
export function nodesOfService({ cluster, settings }: Side, key: string): ReadonlySet<string> {
  const found = new Set<string>();
  const [node] = workingNodes(cluster);
  for (const family of node === undefined ? [] : FAMILIES) {
    const services = serviceMap(cluster, family, settings.proxyOf(node?.metadata.name ?? ''));
    for (const port of services.portsOf(key)) {
      for (const endpoint of services.endpointsOf(port)) {
        if (endpoint.node !== '') found.add(endpoint.node);
        for (const hinted of endpoint.nodeHints) found.add(hinted);
      }
    }
  }
  return found;
}

/**
 * How a node uses a Service: for each port whether it has endpoints to use, endpoints of its own, all of them, and
 * whether its kube-proxy reads any (1.22 has no rule for a Service whose only endpoints are not ready).
 */
export function usedOn(side: Side, node: string, key: string): string {
  return FAMILIES.map((family) => {
    const program = programOf(side, node, family);
    if (program === undefined) return '';
    return program.services
      .portsOf(key)
      .map((port) => {
        const { cluster, local } = program.selection(port);
        const read = program.services.endpointsOf(port);
        const all = read.filter(({ ready }) => ready).length;
        return `${cluster.length > 0} ${local.length > 0} ${cluster.length === all} ${read.length > 0}`;
      })
      .join(';');
  }).join('|');
}
