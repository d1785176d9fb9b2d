import { addressOf, type IPFamily, joinHostPort } from '../base/address.js';
import { QuestionError } from '../base/errors.js';
import { type Fraction, fraction, ONE } from '../base/fraction.js';
import { type Cluster, podAddresses } from '../cluster/cluster.js';
import { requirePod } from '../cluster/lookup.js';
import { namespacedName, type Pod, type Service } from '../cluster/objects.js';
import type { Settings } from '../cluster/settings.js';
import type { Destination as Asked } from '../contract/requests.js';
import { endpointsAreUnknown } from '../control-plane/endpoint-sources.js';
import type { Balancer } from '../load-balancers/balancer.js';
import { isBalanced, serviceOfHostname } from '../load-balancers/balancer-addresses.js';
import type { Protocol } from '../netfilter/packet.js';
import { unknownFamily } from './before-rules.js';
import type { Client, Target } from './client.js';
import { type DnsAnswer, headlessEndpoints, resolveHost } from './dns.js';
import type { Fabric } from './fabric.js';
import { splitName } from './names.js';
import {
  checkServiceSpec,
  isHeadless,
  type ServiceTarget,
  serviceAddresses,
  serviceFamilies,
} from './service-target.js';
import type { Ending, HostStep } from './trail.js';

export type DestinationSpec = Asked;

/** A destination whose names have been checked, before it is known who connects. */
export type Destination =
  | { readonly kind: 'SERVICE'; readonly target: ServiceTarget }
  | {
      readonly kind: 'ADDRESS';
      readonly address: string;
      readonly port: number | undefined;
      readonly protocol: Protocol;
    }
  | { readonly kind: 'HOST'; readonly host: string; readonly port: number | undefined; readonly protocol: Protocol }
  | { readonly kind: 'POD'; readonly pod: Pod; readonly port: number | undefined; readonly protocol: Protocol };

/** The addresses that one client connects to, or why there is none. Weights sum to 1. */
export interface Resolution {
  readonly targets: readonly { readonly target: Target; readonly weight: Fraction }[];
  readonly ending?: Ending;
  readonly step?: HostStep;
}

/** Looser than RFC 1123: what a resolver would ask for at all. */
const HOST_NAME = /^[^\s.]{1,63}(\.[^\s.]{1,63})*\.?$/;

/** Checks a destination's names and values. Throws NOT_FOUND or INVALID_REQUEST. */
export function checkDestination(
  cluster: Cluster,
  spec: DestinationSpec,
  protocol: Protocol | undefined,
  pointer: string,
): Destination {
  if (spec.service !== undefined) {
    return { kind: 'SERVICE', target: checkServiceSpec(cluster, spec.service, protocol, `${pointer}/service`) };
  }
  const rest = { port: spec.port, protocol: protocol ?? 'TCP' } as const;
  if (spec.port === undefined) {
    throw new QuestionError('INVALID_REQUEST', 'The destination needs a port.', [
      { pointer: `${pointer}/port`, detail: 'Give the port to connect to, 1 to 65535.' },
    ]);
  }
  if (spec.address !== undefined) {
    const address = addressOf(spec.address);
    if (address === undefined) {
      throw new QuestionError('INVALID_REQUEST', `${spec.address} is not an IP address.`, [
        { pointer: `${pointer}/address`, detail: 'An IPv4 or IPv6 address is needed; a name goes under "host".' },
      ]);
    }
    return { kind: 'ADDRESS', address: address.text, ...rest };
  }
  if (spec.host !== undefined) {
    const address = addressOf(spec.host === 'localhost' ? '127.0.0.1' : spec.host);
    if (address === undefined && !HOST_NAME.test(spec.host)) {
      throw new QuestionError('INVALID_REQUEST', `${JSON.stringify(spec.host)} is not a host name.`, [
        {
          pointer: `${pointer}/host`,
          detail: 'Labels of 1 to 63 characters without spaces are needed, parted by dots.',
        },
      ]);
    }
    if (address !== undefined) return { kind: 'ADDRESS', address: address.text, ...rest };
    const balanced = serviceOfHostname(cluster, spec.host);
    return balanced === undefined
      ? { kind: 'HOST', host: spec.host, ...rest }
      : { kind: 'SERVICE', target: balancedTarget(balanced, spec.port, rest.protocol) };
  }
  return { kind: 'POD', pod: requirePod(cluster, ...splitName(spec.pod ?? ''), `${pointer}/pod`), ...rest };
}

/** A Service by the name that its load balancer is published under. */
function balancedTarget(service: Service, portNumber: number, protocol: Protocol): ServiceTarget {
  const port = service.spec?.ports?.find((one) => one.port === portNumber && (one.protocol ?? 'TCP') === protocol);
  const key = namespacedName(service);
  return { service, key, port, portNumber, protocol, via: 'LOAD_BALANCER', node: undefined, address: undefined };
}

/** The families that a destination has addresses of, IPv4 first. */
export function destinationFamilies(
  cluster: Cluster,
  settings: Settings,
  destination: Destination,
  namespace: string,
): readonly IPFamily[] {
  switch (destination.kind) {
    case 'SERVICE':
      return serviceFamilies(cluster, destination.target);
    case 'ADDRESS':
      return [addressOf(destination.address)?.family ?? 'IPv4'];
    case 'POD': {
      const found = new Set(podAddresses(destination.pod).map((text) => addressOf(text)?.family));
      return (['IPv4', 'IPv6'] as const).filter((family) => found.has(family));
    }
    case 'HOST': {
      const answer = resolveHost(cluster, destination.host, namespace, settings.clusterDomain);
      if (answer.kind === 'ADDRESS') return [addressOf(answer.address)?.family ?? 'IPv4'];
      if (answer.kind !== 'SERVICE' && answer.kind !== 'ENDPOINT') return ['IPv4', 'IPv6'];
      return serviceFamilies(cluster, dnsTarget(answer, destination.port, destination.protocol));
    }
  }
}

function dnsTarget(
  answer: Extract<DnsAnswer, { kind: 'SERVICE' | 'ENDPOINT' }>,
  port: number | undefined,
  protocol: Protocol,
): ServiceTarget {
  const ports = answer.service.spec?.ports ?? [];
  return {
    service: answer.service,
    key: namespacedName(answer.service),
    port: ports.find((candidate) => candidate.port === port && (candidate.protocol ?? 'TCP') === protocol),
    portNumber: port ?? 0,
    askedPort: port,
    protocol,
    via: 'DNS',
    node: undefined,
    address: undefined,
  };
}

/** A destination in words, for answers: `default/nginx-svc:80 via CLUSTER_IP`. */
export function describeDestination(destination: Destination): string {
  switch (destination.kind) {
    case 'SERVICE': {
      const { key, portNumber, via, node } = destination.target;
      return (
        `service ${key}${portNumber === 0 ? '' : `:${portNumber}`} via ` +
        `${via}${node === undefined ? '' : ` of ${node}`}`
      );
    }
    case 'ADDRESS':
      return `address ${destination.address}${destination.port === undefined ? '' : ` port ${destination.port}`}`;
    case 'HOST':
      return `host ${destination.host}${destination.port === undefined ? '' : ` port ${destination.port}`}`;
    case 'POD':
      return (
        'pod ' +
        `${namespacedName(destination.pod)}${destination.port === undefined ? '' : ` port ${destination.port}`}`
      );
  }
}

const single = (address: string, port: number | undefined, protocol: Protocol): Resolution => ({
  targets: [{ target: { address, port, protocol }, weight: ONE }],
});

const without = (detail: string, cause: 'NO_ROUTE' | 'MISSING_DATA' = 'NO_ROUTE'): Resolution => ({
  targets: [],
  ending: { verdict: cause === 'NO_ROUTE' ? 'UNREACHABLE' : 'UNKNOWN', cause, detail },
});

/** The node whose node port a Service destination means, for one client. */
function nodePortNode(target: ServiceTarget, client: Client): string {
  return target.node ?? client.node;
}

/** `alias`: the names that led to this one, each with an arrow behind it. */
function headless(fabric: Fabric, target: ServiceTarget, name: string, alias: string, hostname?: string): Resolution {
  const portName = target.port?.name;
  const endpoints = headlessEndpoints(fabric.cluster, target.key, fabric.family, portName, hostname);
  if (endpoints.length === 0 && endpointsAreUnknown(fabric.cluster, target.key, fabric.family)) {
    return without(unknownFamily(target.key, fabric.family), 'MISSING_DATA');
  }
  if (endpoints.length === 0) {
    const who = hostname === undefined ? 'endpoint' : `endpoint with the host name ${hostname}`;
    return without(`DNS has no ${fabric.family} address for ${name}: the Service has no ready ${who}`);
  }
  const weight = fraction(1, endpoints.length);
  fabric.assumptions.add(
    'dns',
    'uniform over the addresses of an answer',
    'A headless Service has no rules: the client’s resolver picks among the addresses, each taken as equally ' +
      'likely per resolution.',
  );
  const targets = endpoints.map((endpoint) => {
    // Nothing translates a port of a headless Service: the number that a client asks for is the number it connects to.
    const port = target.askedPort ?? endpoint.port ?? (target.portNumber || undefined);
    const { address, node = '', zone = '', pod } = endpoint;
    if (port !== undefined && (endpoint.port === undefined || port === endpoint.port))
      fabric.expect([{ id: joinHostPort(address, port), address, node, zone, ...(pod ? { pod } : {}) }]);
    else if (node !== '') fabric.places.learn(address, node, pod);
    if (target.askedPort === undefined && target.portNumber !== 0 && port !== target.portNumber) {
      fabric.assumptions.add(
        'headless.port',
        port,
        `Nothing translates port ${target.portNumber} of headless Service ${target.key}: the client is taken ` +
          'to use the endpoints’ own port.',
      );
    }
    return { target: { address: endpoint.address, port, protocol: target.protocol }, weight };
  });
  const detail = `DNS answers ${alias}${name} with ${endpoints.map((endpoint) => endpoint.address).join(', ')}`;
  return { targets, step: { action: 'RESOLVE', detail } };
}

function resolveServiceTarget(fabric: Fabric, target: ServiceTarget, client: Client, alias = ''): Resolution {
  const { clusterDomain } = fabric.settings;
  const name = `${target.service.metadata.name}.${target.service.metadata.namespace ?? 'default'}.svc.${clusterDomain}`;
  if (target.via === 'DNS') {
    if (target.service.spec?.type === 'ExternalName')
      return resolveName(fabric, name, target.portNumber, target.protocol, client, alias);
    if (isHeadless(target.service)) return headless(fabric, target, name, alias);
  }
  if (target.via === 'NODE_PORT') {
    const node = nodePortNode(target, client);
    const { own, translated } = fabric.book.addressesOf(node);
    const address = target.address ?? (client.kind === 'OUTSIDE' ? (own[0] ?? translated[0]) : own[0]);
    if (address === undefined)
      return without(`${node} has no ${fabric.family} address in the snapshot`, 'MISSING_DATA');
    return single(address, target.port?.nodePort, target.protocol);
  }
  const named = target.via === 'LOAD_BALANCER' ? fabric.standInFor(target.service) : undefined;
  const address = named ?? serviceAddresses(target, fabric.family)[0];
  if (address === undefined) return without(`Service ${target.key} has no ${fabric.family} address for ${target.via}`);
  const resolved = single(address, target.portNumber || undefined, target.protocol);
  return target.via === 'DNS'
    ? { ...resolved, step: { action: 'RESOLVE', detail: `DNS answers ${alias}${name} with ${address}` } }
    : resolved;
}

function resolveName(
  fabric: Fabric,
  host: string,
  port: number | undefined,
  protocol: Protocol,
  client: Client,
  led = '',
): Resolution {
  const answer = resolveHost(fabric.cluster, host, client.namespace, fabric.settings.clusterDomain);
  if (client.kind !== 'POD') {
    fabric.assumptions.add(
      'dns.client',
      'cluster DNS',
      `${client.name} is taken to ask the cluster’s DNS; hosts and outside clients often do not.`,
    );
  }
  const alias = led + answer.via.map((one) => `${one} → `).join('');
  switch (answer.kind) {
    case 'ADDRESS':
      return {
        ...single(answer.address, port, protocol),
        step: { action: 'RESOLVE', detail: `DNS answers ${alias}${answer.name} with ${answer.address}` },
      };
    case 'NO_SUCH_NAME':
      return without(`DNS has no name ${alias}${answer.name} (NXDOMAIN)`);
    case 'OUTSIDE':
      return without(
        `${alias}${answer.name} is not a name of the cluster (${fabric.settings.clusterDomain}): its ` +
          'addresses are not in the snapshot',
        'MISSING_DATA',
      );
    case 'ENDPOINT':
      return headless(fabric, dnsTarget(answer, port, protocol), answer.name, alias, answer.hostname);
    case 'SERVICE':
      return resolveServiceTarget(fabric, dnsTarget(answer, port, protocol), client, alias);
  }
}

/** The addresses that a client connects to for a destination. */
export function resolveDestination(fabric: Fabric, destination: Destination, client: Client): Resolution {
  switch (destination.kind) {
    case 'SERVICE':
      return resolveServiceTarget(fabric, destination.target, client);
    case 'ADDRESS':
      return single(destination.address, destination.port, destination.protocol);
    case 'HOST':
      return resolveName(fabric, destination.host, destination.port, destination.protocol, client);
    case 'POD': {
      const { phase } = destination.pod.status ?? {};
      if (phase === 'Succeeded' || phase === 'Failed') {
        const name = namespacedName(destination.pod);
        return without(`Pod ${name} has ended (phase ${phase}): its address may be another pod's by now`);
      }
      const address = podAddresses(destination.pod)
        .map(addressOf)
        .find((candidate) => candidate?.family === fabric.family)?.text;
      if (address === undefined) {
        return without(
          `Pod ${namespacedName(destination.pod)} has no ${fabric.family} address (phase ` +
            `${destination.pod.status?.phase ?? 'unknown'})`,
        );
      }
      return single(address, destination.port, destination.protocol);
    }
  }
}

/** Where an outside client's packets come in: through a load balancer, or at a node. */
export type Entry = { readonly balancer: Balancer } | { readonly node: string };

/**
 * Where an outside client's packet to this destination comes in when the request does not say: through the load
 * balancer whose address it is, or at the node whose address it is. Undefined: nothing tells.
 */
export function defaultEntry(fabric: Fabric, destination: Destination): Entry | undefined {
  const balancer = balancerTo(fabric, destination);
  if (balancer !== undefined) return { balancer };
  const node = defaultEntryNode(fabric, destination);
  return node === undefined ? undefined : { node };
}

/** The load balancer that a destination names or whose address it is. */
export function balancerTo(fabric: Fabric, destination: Destination): Balancer | undefined {
  if (destination.kind === 'ADDRESS') {
    const { address, protocol, port } = destination;
    return fabric.balancerAt(address, { protocol, port });
  }
  if (destination.kind !== 'SERVICE' || destination.target.via !== 'LOAD_BALANCER') return undefined;
  const { service } = destination.target;
  return isBalanced(service, fabric.cluster) ? fabric.balancerOf(service) : undefined;
}

function defaultEntryNode(fabric: Fabric, destination: Destination): string | undefined {
  if (destination.kind === 'SERVICE')
    return destination.target.via === 'NODE_PORT' ? destination.target.node : undefined;
  if (destination.kind === 'POD') return destination.pod.spec?.nodeName;
  if (destination.kind !== 'ADDRESS') return undefined;
  const translated = fabric.book.translatedTo(destination.address);
  if (translated !== undefined) return translated;
  const place = fabric.places.locate(destination.address);
  return place.kind === 'OUTSIDE' || place.kind === 'UNREACHABLE' ? undefined : place.node;
}
