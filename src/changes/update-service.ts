import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import { completeService } from '../control-plane/complete-service.js';
import { endpointSliceFeatures } from '../control-plane/features.js';
import { FIRST_NODE_PORT, LAST_NODE_PORT, NodePorts } from '../control-plane/node-ports.js';
import { type ServiceFault, serviceFaults } from '../control-plane/service-faults.js';
import { typeOf } from '../control-plane/service-fields.js';
import type { ChangeContext, ChangeResult, Choice, Consequence } from './change.js';
import { controlPlaneVersion, featureGatesOf } from './control-plane-version.js';
import { differences } from './differences.js';
import { impossible, refuse } from './refusal.js';
import { settle, showsPodsOf } from './settle.js';

/** What of a Service its EndpointSlices show. */
function publishedPart({ metadata, spec }: Service): unknown {
  return [
    metadata.labels ?? {},
    metadata.annotations ?? {},
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

function isPending(service: Service): boolean {
  return typeOf(service) === 'LoadBalancer' && (service.status?.loadBalancer?.ingress ?? []).length === 0;
}

/**
 * Puts a Service in the place of the one of its name, as the API server and then the EndpointSlice controller do:
 * defaults, allocated node ports, dropped fields, slices. `pointerOf` finds the request's place for a place in the
 * Service; `pointer` is that of the change. Throws QuestionError IMPOSSIBLE_CHANGE with what the API server would refuse.
 */
export function updateService(
  cluster: Cluster,
  before: Service,
  wanted: Service,
  context: ChangeContext,
  pointer: string,
  pointerOf: (fault: ServiceFault) => string,
): ChangeResult {
  const key = namespacedName(before);
  const version = controlPlaneVersion(cluster, context.settings);
  const gates = featureGatesOf(cluster, context.settings);
  const nodePorts = new NodePorts(cluster, key);
  const { service, taken, without } = completeService(before, wanted, nodePorts, version);
  const features = endpointSliceFeatures(version, gates);
  const rules = { nodePorts, version, features };
  // What was wrong before (of another API server's version, trimmed) is not this change's fault.
  const known = new Set(serviceFaults(before, before, rules).map((fault) => JSON.stringify(fault)));
  const faults = serviceFaults(before, service, rules).filter((fault) => !known.has(JSON.stringify(fault)));
  refuse(
    faults.map((fault) => ({ pointer: pointerOf(fault), detail: fault.detail })),
    `Service ${key}`,
  );
  const [lacking] = without;
  if (lacking !== undefined) {
    throw impossible(
      pointer,
      `All node ports from ${FIRST_NODE_PORT} to ${LAST_NODE_PORT} are taken: there is none for the ${lacking}.`,
    );
  }
  const published = !isDeepStrictEqual(publishedPart(before), publishedPart(service));
  if (published && !showsPodsOf(cluster, before)) {
    const detail = `Service ${key} has endpoints, but the snapshot holds none of its pods, from which they would be made anew: include them (kubectl get nodes,pods,services,endpointslices -A -o json).`;
    throw impossible(pointer, detail);
  }
  const changed = cluster.with({ services: new Map([[key, service]]) });
  const settled = settle(cluster, changed, { services: published ? [key] : [] }, context);
  const choices = taken.map(
    ({ what, port }): Choice => ({
      what: `${what} of Service ${key}`,
      taken: String(port),
      alternatives: [`any other free port from ${FIRST_NODE_PORT} to ${LAST_NODE_PORT}`],
      why: 'The API server draws a free port of its range: the lowest is taken here, unless the change names one.',
    }),
  );
  const consequences = differences(before, service).map(
    (detail): Consequence => ({ kind: 'SERVICE_CHANGED', object: key, detail }),
  );
  if (isPending(service) && !isPending(before)) {
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
