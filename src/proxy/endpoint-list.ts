import type { IPFamily } from '../base/address.js';
import { addressOf, joinHostPort } from '../base/address.js';
import { sortShort } from '../base/sort-short.js';
import type { Cluster } from '../cluster/cluster.js';
import type { EndpointSlice, Endpoints, SliceEndpoint } from '../cluster/objects.js';
import type { Reading } from './reading.js';
import type { ProxyEndpoint, ServicePort } from './service-port.js';
import { HEADLESS_LABEL, PROXY_NAME_LABEL } from './service-ports.js';

const HOSTNAME_LABEL = 'kubernetes.io/hostname';
const ZONE_TOPOLOGY = 'topology.kubernetes.io/zone';
const NONE: readonly string[] = [];

/** An address as it was written, or printed anew where the version does that. Undefined: not of the family. */
function endpointAddress(text: string | undefined, family: IPFamily, canonical: boolean): string | undefined {
  if (text === undefined) return undefined;
  // utilnet.IsIPv6String: what is no address at all counts as IPv4 and stays as written.
  if (family === 'IPv4') {
    if (text.includes(':')) {
      const address = addressOf(text);
      return address === undefined || address.family === 'IPv4' ? (canonical ? address?.text : text) : undefined;
    }
    return canonical && LEADING_ZERO.test(text) ? addressOf(text)?.text : text;
  }
  if (!text.includes(':')) return undefined;
  const address = addressOf(text);
  if (address?.family !== 'IPv6') return undefined;
  return canonical ? address.text : text;
}
const LEADING_ZERO = /(^|\.)0\d/;

function nodeOf(endpoint: SliceEndpoint): string {
  return (
    endpoint.nodeName ?? endpoint.topology?.[HOSTNAME_LABEL] ?? endpoint.deprecatedTopology?.[HOSTNAME_LABEL] ?? ''
  );
}

function makeEndpoint(endpoint: SliceEndpoint, address: string, port: number, reading: Reading): ProxyEndpoint {
  const { conditions, hints, targetRef } = endpoint;
  const zones = reading.zoneHints ? hints?.forZones : undefined;
  const nodes = reading.nodeHints ? hints?.forNodes : undefined;
  // Written out, and not spread: this is done for every endpoint of the cluster.
  return {
    id: joinHostPort(address, port),
    address,
    port,
    node: nodeOf(endpoint),
    zone: endpoint.zone ?? endpoint.topology?.[ZONE_TOPOLOGY] ?? '',
    ready: conditions?.ready ?? true,
    serving: reading.readyOnly || (conditions?.serving ?? true),
    terminating: !reading.readyOnly && (conditions?.terminating ?? false),
    zoneHints: zones ? zones.map(({ name }) => name) : NONE,
    nodeHints: nodes ? nodes.map(({ name }) => name) : NONE,
    pod:
      targetRef?.kind === 'Pod' && targetRef.name !== undefined
        ? `${targetRef.namespace ?? 'default'}/${targetRef.name}`
        : undefined,
  };
}

/** Slices that reach kube-proxy, in the order of their names: the real one visits them in random order. */
function visibleSlices(slices: readonly EndpointSlice[], family: IPFamily, reading: Reading): readonly EndpointSlice[] {
  const visible = slices.filter(({ addressType, metadata: { labels } }) => {
    if (addressType !== family) return false;
    if (labels?.[HEADLESS_LABEL] !== undefined) return false;
    return reading.selectors === 'SEPARATE' || labels?.[PROXY_NAME_LABEL] === undefined;
  });
  if (visible.length < 2) return visible;
  return [...visible].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/**
 * What the EndpointSlice (mirroring) controller would make of an Endpoints object, for snapshots that hold no slices of
 * a Service. kube-proxy itself has not read Endpoints since 1.22.
 */
function slicesFromEndpoints(endpoints: Endpoints, family: IPFamily): readonly EndpointSlice[] {
  return (endpoints.subsets ?? []).map((subset, index) => {
    const entry = (ready: boolean) => (address: NonNullable<typeof subset.addresses>[number]) => ({
      addresses: [address.ip],
      conditions: { ready, serving: ready, terminating: false },
      nodeName: address.nodeName ?? null,
      ...(address.targetRef === undefined ? {} : { targetRef: address.targetRef }),
    });
    return {
      kind: 'EndpointSlice' as const,
      metadata: { name: `${endpoints.metadata.name}-${index}` },
      addressType: family,
      endpoints: [...(subset.addresses ?? []).map(entry(true)), ...(subset.notReadyAddresses ?? []).map(entry(false))],
      ports: (subset.ports ?? []).map((port) => ({
        name: port.name ?? '',
        port: port.port,
        protocol: port.protocol ?? 'TCP',
      })),
    };
  });
}

/** The slices of a Service of one family that reach kube-proxy, in the order in which they are taken here. */
export function slicesFor(
  cluster: Cluster,
  service: string,
  family: IPFamily,
  reading: Reading,
): readonly EndpointSlice[] {
  const slices = cluster.slicesOf(service);
  if (slices.length > 0) return visibleSlices(slices, family, reading);
  const endpoints = cluster.endpoints.get(service);
  return endpoints === undefined ? [] : slicesFromEndpoints(endpoints, family);
}

/** Port numbers of a slice that belong to a Service port, ascending as kube-proxy sorts a slice's ports. */
function portNumbers(slice: EndpointSlice, port: Pick<ServicePort, 'portName' | 'protocol'>): readonly number[] {
  const numbers: number[] = [];
  for (const { name, port: number, protocol } of slice.ports) {
    // The API server writes '' where a manifest names no name.
    if ((name ?? '') === port.portName && (protocol ?? 'TCP') === port.protocol && number) numbers.push(number);
  }
  return numbers.length > 1 ? numbers.sort((a, b) => a - b) : numbers;
}

/**
 * How many endpoints a Service port has in all, any condition, duplicates counted once: what {@link endpointList} would
 * hold, at a fraction of its cost.
 */
export function countEndpoints(slices: readonly EndpointSlice[], port: ServicePort, reading: Reading): number {
  const seen = new Set<string>();
  const byPort = reading.endpointIdentity === 'ADDRESS_AND_PORT';
  for (const slice of slices) {
    for (const number of portNumbers(slice, port)) {
      const suffix = byPort && (slices.length > 1 || slice.ports.length > 1) ? ` ${number}` : '';
      for (const endpoint of slice.endpoints) {
        if (reading.readyOnly && endpoint.conditions?.ready === false) continue;
        const address = endpointAddress(endpoint.addresses[0], port.family, reading.canonicalEndpoints);
        if (address !== undefined) seen.add(suffix === '' ? address : address + suffix);
      }
    }
  }
  return seen.size;
}

/**
 * All endpoints of a Service port, any condition, without duplicates, by bytes of `address:port` (kube-proxy's
 * EndpointSliceCache). Up to 1.35 which of two endpoints of one identity counts depends on the node: `duplicates` are
 * the later ones, for {@link withLocalDuplicates}.
 */
export function endpointList(
  slices: readonly EndpointSlice[],
  port: ServicePort,
  reading: Reading,
): { readonly endpoints: readonly ProxyEndpoint[]; readonly duplicates: readonly ProxyEndpoint[] } {
  const apart = endpointsApart(slices, port, reading);
  if (apart !== undefined) return { endpoints: apart, duplicates: [] };
  const kept = new Map<string, ProxyEndpoint>();
  const duplicates: ProxyEndpoint[] = [];
  for (const slice of slices) {
    for (const number of portNumbers(slice, port)) {
      for (const endpoint of slice.endpoints) {
        if (reading.readyOnly && endpoint.conditions?.ready === false) continue;
        const address = endpointAddress(endpoint.addresses[0], port.family, reading.canonicalEndpoints);
        if (address === undefined) continue;
        const made = makeEndpoint(endpoint, address, number, reading);
        const identity = identityOf(made, reading);
        if (!kept.has(identity)) kept.set(identity, made);
        else if (reading.duplicates === 'LOCAL_WINS') duplicates.push(made);
        else if (!made.terminating) kept.set(identity, made);
      }
    }
  }
  return { endpoints: [...kept.values()].sort(byId), duplicates };
}

/** The endpoints of a Service port where no two are one, sorted; undefined where there are such. */
function endpointsApart(
  slices: readonly EndpointSlice[],
  port: ServicePort,
  reading: Reading,
): readonly ProxyEndpoint[] | undefined {
  const all: ProxyEndpoint[] = [];
  for (const slice of slices) {
    for (const number of portNumbers(slice, port)) {
      for (const endpoint of slice.endpoints) {
        if (reading.readyOnly && endpoint.conditions?.ready === false) continue;
        const address = endpointAddress(endpoint.addresses[0], port.family, reading.canonicalEndpoints);
        if (address !== undefined) all.push(makeEndpoint(endpoint, address, number, reading));
      }
    }
  }
  sortShort(all, byId);
  // Those of one address are next to each other.
  for (let i = 1; i < all.length; i++)
    if (identityOf(all[i - 1] as ProxyEndpoint, reading) === identityOf(all[i] as ProxyEndpoint, reading))
      return undefined;
  return all;
}

function identityOf(endpoint: ProxyEndpoint, reading: Reading): string {
  return reading.endpointIdentity === 'ADDRESS' ? endpoint.address : endpoint.id;
}

/** Byte order of `address:port`. */
export function byId(a: ProxyEndpoint, b: ProxyEndpoint): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The list as the kube-proxy of one node has it: of two duplicates the later counts if it is on this node. */
export function withLocalDuplicates(
  endpoints: readonly ProxyEndpoint[],
  duplicates: readonly ProxyEndpoint[],
  node: string,
  reading: Reading,
): readonly ProxyEndpoint[] {
  const local = duplicates.filter((endpoint) => endpoint.node === node && node !== '');
  if (local.length === 0) return endpoints;
  const kept = new Map(endpoints.map((endpoint) => [identityOf(endpoint, reading), endpoint]));
  for (const endpoint of local) kept.set(identityOf(endpoint, reading), endpoint);
  return [...kept.values()].sort(byId);
}
