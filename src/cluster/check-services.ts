import { addressFamily, canonicalAddress, networkOf } from '../base/address.js';
import { AddressMap } from '../base/address-map.js';
import { namespacedName, type Service, type ServicePortSpec } from './objects.js';
import { type Placed, placeOf } from './placed.js';
import type { SnapshotProblems } from './problems.js';
import type { Assumption } from './settings.js';

interface Claim {
  readonly service: Placed<Service>;
  readonly port: ServicePortSpec;
}

function nameOf({ service, port }: Claim): string {
  return `${namespacedName(service.object)}${port.name ? `:${port.name}` : ''} (port ${port.port})`;
}

/** Ports of one Service are distinguished by name: kube-proxy keeps one of two that share it. */
function checkPortName({ service, port }: Claim, index: number, taken: Set<string>, problems: SnapshotProblems): void {
  const name = port.name ?? '';
  if (!taken.has(name)) {
    taken.add(name);
    return;
  }
  const place = `${placeOf(service)}/spec/ports/${index}`;
  const detail =
    name === ''
      ? `Port ${port.port} of ${namespacedName(service.object)} has no name, nor has another: with several ` +
        'ports each needs one.'
      : `${namespacedName(service.object)} has two ports named "${name}"; each needs a name of its own.`;
  problems.add(name === '' ? place : `${place}/name`, detail, service.file);
}

/** `clusterIPs` begins with `clusterIP`, and the families are those of the addresses, in their order. */
function checkFamilies(service: Placed<Service>, problems: SnapshotProblems): void {
  const { clusterIP = '', clusterIPs = [], ipFamilies } = service.object.spec ?? {};
  const place = `${placeOf(service)}/spec`;
  if (clusterIP !== '' && clusterIPs[0] !== undefined && clusterIPs[0] !== clusterIP) {
    const detail = `clusterIP is ${clusterIP} and clusterIPs begins with ${clusterIPs[0]}; they must be the same.`;
    problems.add(`${place}/clusterIPs/0`, detail, service.file);
  }
  const addresses = clusterIPs.length > 0 ? clusterIPs : [clusterIP];
  for (const [index, address] of addresses.entries()) {
    const family = addressFamily(address);
    const named = ipFamilies?.[index];
    if (family === undefined || named === undefined || named === family) continue;
    const detail = `ipFamilies[${index}] is ${named}, but cluster IP ${address} is of ${family}.`;
    problems.add(`${place}/ipFamilies/${index}`, detail, service.file);
  }
}

/** Node ports belong to one Service port each: the API server allocates them so (portallocator), per protocol. */
function checkNodePorts(claim: Claim, index: number, taken: Map<string, Claim>, problems: SnapshotProblems): void {
  const { service, port } = claim;
  if (!port.nodePort || service.object.spec?.type === 'ExternalName') return;
  const protocol = port.protocol ?? 'TCP';
  const key = `${protocol}/${port.nodePort}`;
  const first = taken.get(key);
  if (first === undefined) {
    taken.set(key, claim);
    return;
  }
  const detail =
    `Node port ${port.nodePort}/${protocol} is claimed by ${nameOf(first)} at ${placeOf(first.service) || '/'} ` +
    `and by ${nameOf(claim)}; a node port belongs to one Service port.`;
  problems.add(`${placeOf(service)}/spec/ports/${index}/nodePort`, detail, service.file);
}

/** Who claims cluster IPs, by port and protocol. Of most addresses one port is claimed. */
class TakenAddresses {
  readonly #first = new AddressMap<{ readonly port: string; readonly claim: Claim }>();
  /** By address and port: all but the first of each address. */
  readonly #further = new Map<string, Claim>();

  /** The claim that was made before to this port of an address (`TCP/80`); undefined where this one is the first. */
  claim(text: string, port: string, claim: Claim): Claim | undefined {
    const address = text.includes(':') ? canonicalAddress(text) : text;
    const first = this.#first.get(address);
    if (first === undefined) {
      this.#first.set(address, { port, claim });
      return undefined;
    }
    if (first.port === port) return first.claim;
    const key = `${address} ${port}`;
    const known = this.#further.get(key);
    if (known === undefined) this.#further.set(key, claim);
    return known;
  }
}

/** Addresses that two Services share are no error: kube-proxy writes rules for both, and the first to match counts. */
function noteClusterIPs(claim: Claim, taken: TakenAddresses, notes: Assumption[]): void {
  const { spec } = claim.service.object;
  const addresses = spec?.clusterIPs && spec.clusterIPs.length > 0 ? spec.clusterIPs : [spec?.clusterIP ?? ''];
  const protocol = claim.port.protocol ?? 'TCP';
  for (const address of addresses) {
    if (address === '' || address === 'None') continue;
    const first = taken.claim(address, `${protocol}/${claim.port.port}`, claim);
    if (first === undefined) continue;
    notes.push({
      field: `snapshot.services.${namespacedName(claim.service.object)}`,
      value: `${address}:${claim.port.port}/${protocol}`,
      why:
        `${nameOf(first)} has this cluster IP, port and protocol too: kube-proxy programs both, and the rules ` +
        'that match first win.',
    });
  }
}

/**
 * kube-proxy trims source ranges and drops those it cannot parse (pkg/proxy/serviceport.go,
 * util.GetLoadBalancerSourceRanges).
 */
function noteSourceRanges(service: Service, notes: Assumption[]): void {
  const ranges = service.spec?.loadBalancerSourceRanges ?? [];
  const dropped = ranges.filter((range) => !range.includes('/') || networkOf(range.trim()) === undefined);
  if (dropped.length === 0) return;
  notes.push({
    field: `snapshot.services.${namespacedName(service)}.loadBalancerSourceRanges`,
    value: dropped,
    why: 'These are no CIDRs: kube-proxy drops them and takes the others.',
  });
}

/** Checks what Services must not share, and notes what kube-proxy puts up with. */
export function checkServices(services: readonly Placed[], problems: SnapshotProblems): Assumption[] {
  const notes: Assumption[] = [];
  const nodePorts = new Map<string, Claim>();
  const clusterIPs = new TakenAddresses();
  for (const placed of services as readonly Placed<Service>[]) {
    noteSourceRanges(placed.object, notes);
    checkFamilies(placed, problems);
    const names = new Set<string>();
    for (const [index, port] of (placed.object.spec?.ports ?? []).entries()) {
      const claim = { service: placed, port };
      checkPortName(claim, index, names, problems);
      checkNodePorts(claim, index, nodePorts, problems);
      noteClusterIPs(claim, clusterIPs, notes);
    }
  }
  return notes;
}
