import { type ApiFault, Faults, Place } from '../api-server/faults.js';
import { LAST_APPLIED } from '../api-server/note.js';
import { addressOf, type IPFamily } from '../base/address.js';
import { isDeepStrictEqual } from '../base/deep-equal.js';
import { KUBECTL_GET } from '../base/kubectl.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import { FIRST_NODE_PORT, LAST_NODE_PORT, NodePorts } from '../control-plane/allocate-node-ports.js';
import { serviceVersion } from '../control-plane/api-rules.js';
import { ClusterIPs } from '../control-plane/cluster-ips.js';
import { endpointSliceFeatures } from '../control-plane/features.js';
import { primaryFamily } from '../control-plane/primary-family.js';
import { asRead, type StoredService, storeService } from '../control-plane/service-storage.js';
import type { ChangeContext, ChangeResult, Choice, Consequence } from './change.js';
import { controlPlaneVersion, featureGatesOf } from './control-plane-version.js';
import { differences } from './differences.js';
import { publishedService } from './load-balancer-status.js';
import { type Fault, impossible, refuseObject } from './refused-change.js';
import { settle, showsPodsOf } from './settle.js';

const typeOf = (service: Service): string => service.spec?.type ?? 'ClusterIP';

/** Where kubectl keeps the manifest that it applied last. */
export const LAST_APPLIED_ANNOTATION = LAST_APPLIED;

/** What of a Service its EndpointSlices show. */
function publishedPart({ metadata, spec }: Service): unknown {
  return [
    metadata.labels ?? {},
    Object.entries(metadata.annotations ?? {}).filter(([key]) => key !== LAST_APPLIED_ANNOTATION),
    spec?.selector ?? {},
    spec?.type === 'ExternalName',
    spec?.clusterIP === 'None',
    spec?.ipFamilies ?? [],
    spec?.publishNotReadyAddresses ?? false,
    spec?.trafficDistribution ?? '',
    (spec?.ports ?? []).map(({ name, port, protocol, targetPort, appProtocol }) => [
      name ?? '',
      targetPort ?? port,
      protocol ?? 'TCP',
      appProtocol,
    ]),
  ];
}

/**
 * The object without what kubectl notes in it, and without who set which field: nobody else reads that. An object whose
 * annotations are all taken out has no field for them.
 */
export function withoutLastApplied<T extends { readonly metadata: Service['metadata'] }>(object: T): T {
  const isManaged = Object.hasOwn(object.metadata, 'managedFields');
  if (object.metadata.annotations === undefined && !isManaged) return object;
  const { annotations = {} } = object.metadata;
  const { [LAST_APPLIED_ANNOTATION]: _noted, ...kept } = annotations;
  const {
    annotations: _annotations,
    managedFields: _managed,
    ...metadata
  } = object.metadata as Service['metadata'] & {
    readonly managedFields?: unknown;
  };
  return {
    ...object,
    metadata: Object.keys(kept).length === 0 ? metadata : { ...metadata, annotations: kept },
  };
}

function isPending(service: Service): boolean {
  return typeOf(service) === 'LoadBalancer' && (service.status?.loadBalancer?.ingress ?? []).length === 0;
}

/** What is wrong with the addresses of a load balancer that the request itself gives. */
function ingressFaults(before: Service | undefined, wanted: Service): readonly ApiFault[] {
  const ingress: unknown = wanted.status?.loadBalancer?.ingress ?? [];
  const faults = new Faults();
  const at = Place.root.at('status', 'loadBalancer', 'ingress');
  if (!Array.isArray(ingress)) {
    faults.invalid(at, 'It is a list of addresses.');
    return faults.list;
  }
  if (ingress.length === 0 || sameStatus(before, wanted)) return [];
  if (typeOf(wanted) !== 'LoadBalancer') {
    const detail =
      "Only a Service of type LoadBalancer has a load balancer's addresses; this one is of type " +
      `${typeOf(wanted)}.`;
    faults.forbidden(at, detail);
  }
  for (const [index, entry] of ingress.entries()) {
    if (typeof entry !== 'object' || entry === null) {
      faults.invalid(at.index(index), 'It is an object with an ip or a hostname.');
      continue;
    }
    const { ip, hostname, ipMode } = entry as Readonly<Record<string, unknown>>;
    if (ip !== undefined && ip !== '' && (typeof ip !== 'string' || addressOf(ip) === undefined))
      faults.invalid(at.index(index).child('ip'), `${JSON.stringify(ip)} is not an IP address.`);
    if (hostname !== undefined && typeof hostname !== 'string')
      faults.invalid(at.index(index).child('hostname'), `${JSON.stringify(hostname)} is not a host name.`);
    if (ipMode !== undefined) faults.oneOf(at.index(index).child('ipMode'), ipMode, ['VIP', 'Proxy']);
  }
  return faults.list;
}

function sameStatus(before: Service | undefined, wanted: Service): boolean {
  return before !== undefined && JSON.stringify(before.status) === JSON.stringify(wanted.status);
}

/** Only a Service of type LoadBalancer keeps the addresses of one. */
function emptied({ status }: Service): Pick<Service, 'status'> {
  return status === undefined ? {} : { status: { ...status, loadBalancer: {} } };
}

/**
 * What the API server stores of a Service in this cluster, new (`before` undefined) or updated, or why it refuses it.
 */
export function storedService(
  cluster: Cluster,
  before: Service | undefined,
  wanted: Service,
  context: ChangeContext,
): StoredService {
  const key = namespacedName(wanted);
  const rules = rulesOf(cluster, context);
  let ranges: ClusterIPs | undefined;
  const rangesOf = () => {
    ranges ??= new ClusterIPs(cluster, key);
    return ranges;
  };
  const families = () => rangesOf().families(primaryFamily(cluster));
  return storeService(before, wanted, { nodePorts: new NodePorts(cluster, key), ranges: rangesOf, families }, rules);
}

function rulesOf(cluster: Cluster, { settings }: ChangeContext) {
  const version = controlPlaneVersion(cluster, settings);
  return serviceVersion(version, endpointSliceFeatures(version, featureGatesOf(cluster, settings)));
}

/**
 * Puts a Service in the place of the one of its name, or (`before` undefined) adds it, as the API server and then the
 * EndpointSlice controller do: defaults, allocated addresses and node ports, dropped fields, slices. `pointerOf` finds
 * the request's place for a place in the Service; `pointer` is that of the change. Throws QuestionError
 * IMPOSSIBLE_CHANGE with what the API server would refuse.
 */
export function updateService(
  cluster: Cluster,
  before: Service | undefined,
  wanted: Service,
  context: ChangeContext,
  pointer: string,
  placeOf: (fault: { readonly pointer: string; readonly detail: string }) => Fault,
  given?: StoredService,
): ChangeResult {
  const key = namespacedName(wanted);
  const stored = given ?? storedService(cluster, before, wanted, context);
  refuseObject([...stored.faults, ...ingressFaults(before, wanted)], placeOf, `Service ${key}`);
  const [lacking] = stored.without;
  if (lacking !== undefined) {
    const ports =
      `All node ports from ${FIRST_NODE_PORT} to ${LAST_NODE_PORT} are taken: there is ` + `none for the ${lacking}.`;
    throw impossible(pointer, lacking.endsWith('cluster IP') ? `No ${lacking} is free: name one.` : ports);
  }
  const former = before === undefined ? undefined : asRead(before, rulesOf(cluster, context), 'IPv4');
  const dropsStatus = typeOf(stored.service) !== 'LoadBalancer' && sameStatus(before, wanted);
  const complete: Service = dropsStatus ? { ...stored.service, ...emptied(stored.service) } : stored.service;
  // A status that the request itself gives stays as it is given.
  const becomes = isPending(complete) && (before === undefined || !isPending(before));
  const published =
    becomes && (before === undefined || wanted.status === before.status)
      ? publishedService(cluster, context.settings, complete)
      : { service: complete, choices: [] };
  const { service } = published;
  const shown = former === undefined || !isDeepStrictEqual(publishedPart(former), publishedPart(service));
  if (shown && !showsPodsOf(cluster, before ?? service)) {
    const detail =
      `Service ${key} has endpoints, but the snapshot holds none of its pods, from which they would be made ` +
      `anew: include them (${KUBECTL_GET}).`;
    throw impossible(pointer, detail);
  }
  const changed = cluster.with({ services: new Map([[key, service]]) });
  const settled = settle(cluster, changed, { services: shown ? [key] : [] }, context);
  const ranges = stored.addresses.length === 0 ? undefined : new ClusterIPs(cluster, key);
  const rangeOf = (family: IPFamily) => ranges?.rangeOf(family);
  const choices = [
    ...stored.addresses.map(
      ({ family, address }): Choice => ({
        what: `${family} cluster IP of Service ${key}`,
        taken: address,
        alternatives: [`any other free address of ${rangeOf(family)?.cidr.text}`],
        why:
          'The API server draws a free address of its range: the lowest is taken here, unless the change names ' +
          `one. The range: ${rangeOf(family)?.why}`,
      }),
    ),
    ...stored.ports.map(
      ({ what, port }): Choice => ({
        what: `${what} of Service ${key}`,
        taken: String(port),
        alternatives: [`any other free port from ${FIRST_NODE_PORT} to ${LAST_NODE_PORT}`],
        why: 'The API server draws a free port of its range: the lowest is taken here, unless the change names one.',
      }),
    ),
    ...published.choices,
  ];
  const consequences =
    former === undefined
      ? []
      : differences(withoutLastApplied(former), withoutLastApplied(service)).map(
          (detail): Consequence => ({ kind: 'SERVICE_CHANGED', object: key, detail }),
        );
  if (becomes && isPending(service)) {
    const detail =
      'pending: no load balancer has given it an address (a change of kind service names one in loadBalancerIngress)';
    consequences.push({ kind: 'SERVICE_CHANGED', object: key, detail });
  }
  return {
    cluster: settled.cluster,
    choices,
    consequences: [...consequences, ...settled.consequences],
    assumptions: settled.assumptions,
  };
}
