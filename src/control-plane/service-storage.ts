/**
 * What the API server makes of a Service before it stores it: defaults, allocated values that stay, cluster IPs and
 * node ports, fields that go with a type. Source: Kubernetes 1.36 pkg/apis/core/v1/defaults.go,
 * pkg/registry/core/service (strategy.go, storage/storage.go, storage/alloc.go).
 */
import { type ApiFault, Faults, Place } from '../api-server/faults.js';
import { sameMeaning } from '../api-server/read-fields.js';
import { checkServiceObject, type ServiceVersion } from '../api-server/validation/service.js';
import { addressFamily, type IPFamily } from '../base/address.js';
import { namespacedName, type Service, type ServicePortSpec } from '../cluster/objects.js';
import { FIRST_NODE_PORT, LAST_NODE_PORT, type NodePorts } from './allocate-node-ports.js';
import type { ClusterIPs } from './cluster-ips.js';
import { isPreferringAsBefore, withFamilies } from './service-families.js';

type Spec = NonNullable<Service['spec']>;

/** A node port that was free and is taken now. */
interface TakenPort {
  /** `node port of 80/TCP` or `health check node port`. */
  readonly what: string;
  readonly port: number;
}

/** A cluster IP that was free and is taken now. */
interface TakenAddress {
  readonly family: IPFamily;
  readonly address: string;
}

export interface StoredService {
  readonly service: Service;
  readonly addresses: readonly TakenAddress[];
  readonly ports: readonly TakenPort[];
  /** What needs a node port or an address and gets none, since all are taken. */
  readonly without: readonly string[];
  readonly faults: readonly ApiFault[];
}

/** Where addresses and ports come from. */
export interface Allocators {
  readonly nodePorts: NodePorts;
  /** The ranges of cluster IPs: worked out when they are needed. */
  readonly ranges: () => ClusterIPs;
  /** The families of the cluster's Services, its own first. */
  readonly families: () => readonly IPFamily[];
}

const SPEC = Place.root.child('spec');
const DEFAULT_STICKY_SECONDS = 10800;

function without<K extends keyof Spec>(spec: Spec, ...keys: readonly K[]): Spec {
  return Object.fromEntries(Object.entries(spec).filter(([key]) => !keys.includes(key as K)));
}

const needsAddress = (spec: Spec) => spec.type !== 'ExternalName';
const hasNodePorts = (spec: Spec) => spec.type === 'NodePort' || spec.type === 'LoadBalancer';
const needsHealthPort = (spec: Spec) => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
const getsNodePorts = (spec: Spec) =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);

function isOutside(spec: Spec, { externalIPsCount }: ServiceVersion): boolean {
  return hasNodePorts(spec) || (externalIPsCount && spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);
}

/** The defaults of a Service (`SetDefaults_Service`). */
function serviceDefaults(service: Service, version: ServiceVersion): Service {
  const given = service.spec ?? {};
  let spec: Spec = { ...given, type: given.type || 'ClusterIP', sessionAffinity: given.sessionAffinity || 'None' };
  if (spec.sessionAffinity === 'None') spec = without(spec, 'sessionAffinityConfig');
  if (spec.sessionAffinity === 'ClientIP') {
    const timeoutSeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_STICKY_SECONDS;
    spec = { ...spec, sessionAffinityConfig: { clientIP: { timeoutSeconds } } };
  }
  const ports = (spec.ports ?? []).map((port) => ({
    ...port,
    protocol: port.protocol || 'TCP',
    targetPort: port.targetPort || port.port,
  }));
  if (spec.ports !== undefined) spec = { ...spec, ports };
  if (isOutside(spec, version) && !spec.externalTrafficPolicy) spec = { ...spec, externalTrafficPolicy: 'Cluster' };
  const isKnown = ['ClusterIP', 'NodePort', 'LoadBalancer'].includes(spec.type ?? '');
  if (isKnown && version.internalPolicy && !spec.internalTrafficPolicy) {
    spec = { ...spec, internalTrafficPolicy: 'Cluster' };
  }
  if (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === undefined) {
    spec = { ...spec, allocateLoadBalancerNodePorts: true };
  }
  return { ...service, spec };
}

/** A Service that is there, with what a reader of it would see though it was trimmed (`defaultOnReadService`). */
export function asRead(service: Service, version: ServiceVersion, primary: IPFamily): Service {
  let spec: Spec = serviceDefaults(service, version).spec ?? {};
  if (spec.clusterIP && (spec.clusterIPs ?? []).length === 0) spec = { ...spec, clusterIPs: [spec.clusterIP] };
  if (spec.type === 'ExternalName') return { ...service, spec: without(spec, 'internalTrafficPolicy') };
  const named = spec.ipFamilies ?? [];
  if (named.length > 0) {
    const ipFamilyPolicy = spec.ipFamilyPolicy ?? (named.length > 1 ? 'RequireDualStack' : 'SingleStack');
    return { ...service, spec: { ...spec, ipFamilyPolicy } };
  }
  const second: IPFamily = primary === 'IPv4' ? 'IPv6' : 'IPv4';
  const isHeadless = spec.clusterIP === 'None';
  const selects = Object.keys(spec.selector ?? {}).length > 0;
  const own = (spec.clusterIPs ?? []).flatMap((text) => addressFamily(text) ?? []);
  const families = isHeadless ? (selects ? [primary] : [primary, second]) : own;
  const ipFamilyPolicy = spec.ipFamilyPolicy ?? (families.length > 1 ? 'RequireDualStack' : 'SingleStack');
  return { ...service, spec: { ...spec, ipFamilies: families, ipFamilyPolicy } };
}

/** Values that were allocated stay where the update leaves them out (`patchAllocatedValues`). */
function withAllocated(before: Spec, wanted: Spec): Spec {
  let spec = wanted;
  if (needsAddress(before) && needsAddress(spec)) {
    if (!spec.clusterIP && before.clusterIP) spec = { ...spec, clusterIP: before.clusterIP };
    if ((spec.clusterIPs ?? []).length === 0 && before.clusterIPs) spec = { ...spec, clusterIPs: before.clusterIPs };
  }
  // A port gets the node port back that the one of its name had, unless a port of the update has it.
  if (getsPorts(before) && getsPorts(spec)) {
    const used = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0));
    const former = new Map((before.ports ?? []).map((port) => [port.name ?? '', port.nodePort ?? 0]));
    const had = new Set((before.ports ?? []).map(({ nodePort }) => nodePort ?? 0));
    const ports = (spec.ports ?? []).map((port) => {
      const own = former.get(port.name ?? '') ?? 0;
      if (port.nodePort || own === 0 || (used.has(own) && had.has(own))) return port;
      return { ...port, nodePort: own };
    });
    if (spec.ports !== undefined) spec = { ...spec, ports };
  }
  if (needsHealthPort(before) && needsHealthPort(spec) && !spec.healthCheckNodePort && before.healthCheckNodePort) {
    spec = { ...spec, healthCheckNodePort: before.healthCheckNodePort };
  }
  return spec;
}

/** Whether `patchAllocatedValues` looks at node ports: where they are allocated. */
const getsPorts = (spec: Spec) => getsNodePorts(spec);

/** clusterIP is the first of clusterIPs: where the one changes alone, the other follows (`normalizeClusterIPs`). */
function normalized(before: Spec | undefined, wanted: Spec): Spec {
  const [first, all] = [wanted.clusterIP ?? '', wanted.clusterIPs ?? []];
  if (before === undefined) return first !== '' && all.length === 0 ? { ...wanted, clusterIPs: [first] } : wanted;
  const [formerFirst, former] = [before.clusterIP ?? '', before.clusterIPs ?? []];
  if (formerFirst === first) return former.length > 0 && all.length === 0 ? { ...wanted, clusterIPs: former } : wanted;
  if (!sameMeaning(former, all)) return wanted;
  return first === '' ? without(wanted, 'clusterIPs') : { ...wanted, clusterIPs: [first] };
}

/** Fields that the former type needed, that the new one has no use for, and that the update left as they were. */
function withoutFormer(before: Spec, wanted: Spec, version: ServiceVersion): Spec {
  let spec = wanted;
  if (needsAddress(before) && !needsAddress(spec)) {
    const isSame = (before.clusterIP ?? '') === (spec.clusterIP ?? '');
    if (isSame && sameMeaning(before.clusterIPs, spec.clusterIPs)) spec = without(spec, 'clusterIP', 'clusterIPs');
    if (sameMeaning(before.ipFamilies, spec.ipFamilies)) spec = without(spec, 'ipFamilies');
    if (before.ipFamilyPolicy === spec.ipFamilyPolicy) spec = without(spec, 'ipFamilyPolicy');
  }
  if (hasNodePorts(before) && !hasNodePorts(spec)) {
    const known = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
    if ((spec.ports ?? []).every(({ nodePort }) => !nodePort || known.has(nodePort))) {
      spec = { ...spec, ports: (spec.ports ?? []).map(({ nodePort: _nodePort, ...port }) => port) };
    }
  }
  if (needsHealthPort(before) && !needsHealthPort(spec) && before.healthCheckNodePort === spec.healthCheckNodePort) {
    spec = without(spec, 'healthCheckNodePort');
  }
  for (const key of ['allocateLoadBalancerNodePorts', 'loadBalancerClass'] as const) {
    if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer' && before[key] === spec[key]) {
      spec = without(spec, key);
    }
  }
  const isHidden = isOutside(before, version) && !isOutside(spec, version);
  return isHidden && before.externalTrafficPolicy === spec.externalTrafficPolicy
    ? without(spec, 'externalTrafficPolicy')
    : spec;
}

/** One Service on its way into the store. */
class Storage {
  readonly addresses: TakenAddress[] = [];
  readonly ports: TakenPort[] = [];
  readonly lacking: string[] = [];
  readonly faults = new Faults();

  constructor(
    readonly key: string,
    readonly from: Allocators,
    /** The cluster IPs that the request itself names. */
    readonly names: readonly string[],
  ) {}

  /** Gives each family an address that has none; those that the Service names are claimed. */
  allocated(spec: Spec, families: readonly string[], from: number): Spec {
    const addresses = [...(spec.clusterIPs ?? [])];
    for (const [index, family] of families.entries()) {
      if (index < from) continue;
      const ranges = this.from.ranges();
      const text = addresses[index] ?? '';
      if (text !== '') {
        const owner = ranges.ownerOf(text);
        const isNamed = this.names.includes(text);
        const place = new Place(isNamed ? `/spec/clusterIPs/${index}` : '/spec/clusterIP', 'spec.clusterIPs');
        if (owner !== undefined) {
          this.faults.invalid(
            place,
            `${text} is the cluster IP of Service ${owner}; name another, or none to get a free one.`,
          );
        } else if (!ranges.allows(text)) {
          this.faults.invalid(
            place,
            `${text} is outside the API server's range of cluster IPs; name none to get a free one.`,
          );
        }
        continue;
      }
      const address = ranges.take(family as IPFamily, this.key);
      if (address === undefined) this.lacking.push(`${family} cluster IP`);
      else this.addresses.push({ family: family as IPFamily, address });
      addresses[index] = address ?? '';
    }
    const [clusterIP = ''] = addresses;
    return { ...spec, clusterIP, clusterIPs: addresses };
  }

  /** Claims a node port that the Service names: one of the range that no other Service has. */
  claim(port: number, at: Place): void {
    const owner = this.from.nodePorts.ownerOf(port);
    if (owner !== undefined && owner !== this.key) {
      this.faults.invalid(
        at,
        `Node port ${port} belongs to Service ${owner}; name another, or none to get a free one.`,
      );
    } else if (owner === this.key) {
      this.faults.invalid(at, `Node port ${port} is there twice; each port needs its own.`);
    } else if (port < FIRST_NODE_PORT || port > LAST_NODE_PORT) {
      const range = `${FIRST_NODE_PORT} to ${LAST_NODE_PORT}`;
      this.faults.invalid(at, `Node port ${port} is outside the API server's range; it must be ${range}.`);
    } else this.from.nodePorts.claim(port, this.key);
  }

  take(what: string): number | undefined {
    const port = this.from.nodePorts.take(this.key);
    if (port === undefined) this.lacking.push(what);
    else this.ports.push({ what, port });
    return port;
  }

  /** The node ports of a new Service: ports of one number share theirs (`initNodePorts`). */
  newNodePorts(spec: Spec): Spec {
    const byNumber = new Map<number, number>();
    const all = spec.ports ?? [];
    const ports = all.map((port, index): ServicePortSpec => {
      if (!port.nodePort && !getsNodePorts(spec)) return port;
      const place = SPEC.child('ports').index(index).child('nodePort');
      const shared = byNumber.get(port.port);
      if (shared !== undefined) {
        if (!port.nodePort) return { ...port, nodePort: shared };
        if (port.nodePort !== shared) this.claim(port.nodePort, place);
        return port;
      }
      const named = all.find((one) => one.port === port.port && one.nodePort)?.nodePort;
      if (named !== undefined) this.claim(named, place);
      const nodePort = named ?? this.take(nameOf(port));
      if (nodePort === undefined) return port;
      byNumber.set(port.port, nodePort);
      return { ...port, nodePort };
    });
    return { ...spec, ports };
  }

  /** The node ports of an updated Service (`updateNodePorts`). */
  nodePorts(before: Spec, spec: Spec): Spec {
    const former = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
    const done = new Set<number>();
    const seen = new Set<string>();
    const all = spec.ports ?? [];
    for (const [index, { nodePort, protocol = 'TCP' }] of all.entries()) {
      if (!nodePort) continue;
      const place = SPEC.child('ports').index(index).child('nodePort');
      const known = `${protocol} ${nodePort}`;
      if (seen.has(known)) {
        this.faults.add(place, 'InternalError', `Node port ${nodePort}/${protocol} is there twice.`);
        return spec;
      }
      seen.add(known);
      if (done.has(nodePort)) continue;
      done.add(nodePort);
      if (former.has(nodePort)) this.from.nodePorts.claim(nodePort, this.key);
      else this.claim(nodePort, place);
      if (this.faults.any) return spec;
    }
    const ports = all.map((port) => {
      if (port.nodePort || !getsNodePorts(spec)) return port;
      const nodePort = this.take(nameOf(port));
      return nodePort === undefined ? port : { ...port, nodePort };
    });
    return { ...spec, ports };
  }

  healthPort(spec: Spec): Spec {
    const { healthCheckNodePort: named } = spec;
    if (named) {
      const owner = this.from.nodePorts.ownerOf(named);
      const isFree = owner === undefined && named >= FIRST_NODE_PORT && named <= LAST_NODE_PORT;
      const place = SPEC.child('healthCheckNodePort');
      // The API server answers this with InternalError.
      const why = owner === undefined ? 'is outside the range of node ports' : `belongs to Service ${owner}`;
      if (!isFree) this.faults.add(place, 'InternalError', `Health check node port ${named} ${why}.`);
      else this.from.nodePorts.claim(named, this.key);
      return spec;
    }
    const port = this.take('health check node port');
    return port === undefined ? spec : { ...spec, healthCheckNodePort: port };
  }
}

const nameOf = ({ port, protocol = 'TCP' }: ServicePortSpec) => `node port of ${port}/${protocol}`;

function created(storage: Storage, wanted: Spec, version: ServiceVersion): Spec {
  const settled = withFamilies(normalized(undefined, wanted), undefined, familiesFor(storage, wanted), version);
  storage.faults.list.push(...settled.faults);
  let { spec } = settled;
  if (storage.faults.any) return spec;
  if (needsAddress(spec) && spec.clusterIPs?.[0] !== 'None') spec = storage.allocated(spec, spec.ipFamilies ?? [], 0);
  if (storage.faults.any) return spec;
  if (hasNodePorts(spec)) spec = storage.newNodePorts(spec);
  return needsHealthPort(spec) && !storage.faults.any ? storage.healthPort(spec) : spec;
}

/** The families are worked out only where a Service asks for them: the ranges of a large cluster take time. */
function familiesFor({ from }: Storage, spec: Spec): readonly IPFamily[] {
  return spec.type === 'ExternalName' ? [] : from.families();
}

function updated(storage: Storage, before: Spec, wanted: Spec, version: ServiceVersion): Spec {
  const patched = normalized(before, withAllocated(before, wanted));
  const isAsBefore =
    sameMeaning(before.clusterIPs, patched.clusterIPs) &&
    sameMeaning(before.ipFamilies, patched.ipFamilies) &&
    before.ipFamilyPolicy === patched.ipFamilyPolicy &&
    before.type === patched.type;
  // What is settled stays settled: then the ranges of the cluster need not be known.
  const known = isAsBefore ? ((before.ipFamilies ?? []) as IPFamily[]) : familiesFor(storage, patched);
  const settled = withFamilies(patched, before, known, version);
  storage.faults.list.push(...settled.faults);
  let { spec } = settled;
  if (storage.faults.any) return spec;
  if (!isPreferringAsBefore(spec, before)) {
    const [was, is] = [before.ipFamilies ?? [], spec.ipFamilies ?? []];
    if (!needsAddress(before) && needsAddress(spec)) {
      if (spec.clusterIPs?.[0] !== 'None') spec = storage.allocated(spec, is, 0);
    } else if (before.clusterIPs?.[0] !== 'None' && was.length === 1 && is.length === 2) {
      spec = storage.allocated(spec, is, 1);
    }
  }
  if (storage.faults.any) return spec;
  if (hasNodePorts(spec)) spec = storage.nodePorts(before, spec);
  if (!storage.faults.any && !needsHealthPort(before) && needsHealthPort(spec)) spec = storage.healthPort(spec);
  return spec;
}

/**
 * What the API server stores of a Service, new (`before` undefined) or updated, or why it refuses it. Where Kubernetes
 * draws addresses and ports at random, the lowest free ones are taken.
 */
export function storeService(
  before: Service | undefined,
  wanted: Service,
  from: Allocators,
  version: ServiceVersion,
): StoredService {
  const key = namespacedName(wanted);
  const storage = new Storage(key, from, wanted.spec?.clusterIPs ?? []);
  const whole = serviceDefaults(wanted, version);
  const former = before === undefined ? undefined : asRead(before, version, primaryOf(before, from));
  let spec: Spec =
    former?.spec === undefined
      ? created(storage, whole.spec ?? {}, version)
      : updated(storage, former.spec, whole.spec ?? {}, version);
  const answer = (service: Service, faults: readonly ApiFault[]): StoredService => ({
    service,
    addresses: storage.addresses,
    ports: storage.ports,
    without: storage.lacking,
    faults,
  });
  if (storage.faults.any || storage.lacking.length > 0) return answer({ ...whole, spec }, storage.faults.list);
  if (former?.spec !== undefined) spec = withoutFormer(former.spec, spec, version);
  // An ExternalName's policy is stored, and dropped where it is read.
  if (spec.type === 'ExternalName') spec = without(spec, 'internalTrafficPolicy');
  const service: Service = { ...whole, spec };
  const faults = new Faults();
  checkServiceObject(former as never, service as never, faults, version);
  if (former === undefined || !faults.any) return answer(service, faults.list);
  // What was not valid before (of another API server's version, trimmed) is not this change's fault.
  const known = new Faults();
  checkServiceObject(former as never, former as never, known, version);
  const reported = new Set(known.list.map((fault) => JSON.stringify(fault)));
  return answer(
    service,
    faults.list.filter((fault) => !reported.has(JSON.stringify(fault))),
  );
}

/** The family of a Service that is there where it does not say: that of its address, else the cluster's. */
function primaryOf({ spec = {} }: Service, from: Allocators): IPFamily {
  const own = addressFamily(spec.clusterIP ?? '');
  if (own !== undefined || (spec.ipFamilies ?? []).length > 0 || spec.clusterIP !== 'None') return own ?? 'IPv4';
  return from.families()[0] ?? 'IPv4';
}
