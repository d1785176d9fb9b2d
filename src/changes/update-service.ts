import { isDeepStrictEqual } from '../base/deep-equal.js';
import { KUBECTL_GET } from '../base/kubectl.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import { ClusterIPs } from '../control-plane/cluster-ips.js';
import { completeService } from '../control-plane/complete-service.js';
import { endpointSliceFeatures } from '../control-plane/features.js';
import { nothingBefore, withClusterIPs, withServiceDefaults } from '../control-plane/new-service.js';
import { FIRST_NODE_PORT, LAST_NODE_PORT, NodePorts } from '../control-plane/node-ports.js';
import { type ServiceFault, serviceFaults } from '../control-plane/service-faults.js';
import { needsClusterIP, typeOf } from '../control-plane/service-fields.js';
import type { ChangeContext, ChangeResult, Choice, Consequence } from './change.js';
import { controlPlaneVersion, featureGatesOf } from './control-plane-version.js';
import { differences } from './differences.js';
import { publishedService } from './load-balancer-status.js';
import { type Fault, impossible, refuse } from './refusal.js';
import { settle, showsPodsOf } from './settle.js';

/** Where kubectl keeps the manifest that it applied last. */
export const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

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

/** The object without what kubectl notes in it: nobody else reads that. */
export function withoutLastApplied<T extends { readonly metadata: Service['metadata'] }>(object: T): T {
  const { annotations } = object.metadata;
  if (annotations?.[LAST_APPLIED_ANNOTATION] === undefined) return object;
  const { [LAST_APPLIED_ANNOTATION]: _noted, ...kept } = annotations;
  const { annotations: _annotations, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: Object.keys(kept).length === 0 ? metadata : { ...metadata, annotations: kept },
  };
}

function isPending(service: Service): boolean {
  return typeOf(service) === 'LoadBalancer' && (service.status?.loadBalancer?.ingress ?? []).length === 0;
}

/** The cluster IP that a Service keeps though an update leaves it empty (`patchAllocatedValues`). */
function withKeptAddress(before: Service, wanted: Service): Service {
  const { clusterIP, clusterIPs } = before.spec ?? {};
  if (!clusterIP || wanted.spec?.clusterIP || !needsClusterIP(before) || !needsClusterIP(wanted)) return wanted;
  return { ...wanted, spec: { ...wanted.spec, clusterIP, ...(clusterIPs === undefined ? {} : { clusterIPs }) } };
}

/**
 * Puts a Service in the place of the one of its name, or (`before` undefined) adds it, as the API server and then the
 * EndpointSlice controller do: defaults, allocated addresses and node ports, dropped fields, slices. `pointerOf` finds the
 * request's place for a place in the Service; `pointer` is that of the change. Throws QuestionError IMPOSSIBLE_CHANGE with
 * what the API server would refuse.
 */
export function updateService(
  cluster: Cluster,
  before: Service | undefined,
  wanted: Service,
  context: ChangeContext,
  pointer: string,
  placeOf: (fault: ServiceFault) => Fault,
): ChangeResult {
  const key = namespacedName(wanted);
  const version = controlPlaneVersion(cluster, context.settings);
  const gates = featureGatesOf(cluster, context.settings);
  const nodePorts = new NodePorts(cluster, key);
  const former = before ?? nothingBefore(wanted);
  const complete = completeService(
    former,
    withServiceDefaults(before, before === undefined ? wanted : withKeptAddress(before, wanted), version),
    nodePorts,
    version,
  );
  const ranges =
    needsClusterIP(wanted) && (before === undefined || !needsClusterIP(before))
      ? new ClusterIPs(cluster, key)
      : undefined;
  const addressed =
    ranges === undefined
      ? { service: complete.service, taken: [], faults: [] }
      : withClusterIPs(cluster, before, complete.service, ranges);
  // A status that the request itself gives stays as it is given.
  const becomes = isPending(addressed.service) && (before === undefined || !isPending(before));
  const published =
    becomes && (before === undefined || wanted.status === before.status)
      ? publishedService(cluster, context.settings, addressed.service)
      : { service: addressed.service, choices: [] };
  const { service } = published;
  const features = endpointSliceFeatures(version, gates);
  const rules = { nodePorts, version, features };
  // What was wrong before (of another API server's version, trimmed) is not this change's fault.
  const known = before === undefined ? [] : serviceFaults(before, before, rules).map((fault) => JSON.stringify(fault));
  const faults = serviceFaults(former, service, rules).filter((fault) => !known.includes(JSON.stringify(fault)));
  // Without an address that could be given nothing else can be said of it.
  const told = addressed.faults.length > 0 ? faults.filter(({ pointer: place }) => place !== '/spec/type') : faults;
  refuse([...addressed.faults, ...told].map(placeOf), `Service ${key}`);
  const [lacking] = complete.without;
  if (lacking !== undefined) {
    throw impossible(
      pointer,
      `All node ports from ${FIRST_NODE_PORT} to ${LAST_NODE_PORT} are taken: there is none for the ${lacking}.`,
    );
  }
  const shown = before === undefined || !isDeepStrictEqual(publishedPart(before), publishedPart(service));
  if (shown && !showsPodsOf(cluster, former)) {
    const detail = `Service ${key} has endpoints, but the snapshot holds none of its pods, from which they would be made anew: include them (${KUBECTL_GET}).`;
    throw impossible(pointer, detail);
  }
  const changed = cluster.with({ services: new Map([[key, service]]) });
  const settled = settle(cluster, changed, { services: shown ? [key] : [] }, context);
  const choices = [
    ...addressed.taken.map(
      ({ family, address }): Choice => ({
        what: `${family} cluster IP of Service ${key}`,
        taken: address,
        alternatives: [`any other free address of ${ranges?.rangeOf(family)?.cidr.text}`],
        why: `The API server draws a free address of its range: the lowest is taken here, unless the change names one. The range: ${ranges?.rangeOf(family)?.why}`,
      }),
    ),
    ...complete.taken.map(
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
    before === undefined
      ? []
      : differences(withoutLastApplied(before), withoutLastApplied(service)).map(
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
