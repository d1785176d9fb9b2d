import { namespacedName, type Service, type ServicePortSpec } from '../cluster/objects.js';
import type { KubernetesVersion } from '../cluster/settings.js';
import type { NodePorts } from './node-ports.js';
import {
  getsNodePorts,
  hasExternalPolicy,
  mayHaveNodePorts,
  needsClusterIP,
  needsHealthCheckNodePort,
  typeOf,
} from './service-fields.js';

type Spec = NonNullable<Service['spec']>;

/** A node port that was free and is taken now. */
export interface TakenPort {
  /** `node port of port 80/TCP` or `health check node port`. */
  readonly what: string;
  readonly port: number;
}

export interface CompletedService {
  readonly service: Service;
  readonly taken: readonly TakenPort[];
  /** What needs a node port and gets none, since all are taken. */
  readonly without: readonly string[];
}

/** What API clients write when a request names no timeout. */
const DEFAULT_STICKY_SECONDS = 10800;

const portKey = ({ protocol = 'TCP', port }: ServicePortSpec) => `${port}/${protocol}`;

function without<K extends keyof Spec>(spec: Spec, ...keys: readonly K[]): Spec {
  return Object.fromEntries(Object.entries(spec).filter(([key]) => !keys.includes(key as K)));
}

function sessionAffinity(spec: Spec): Spec {
  if (spec.sessionAffinity !== 'ClientIP') return without(spec, 'sessionAffinityConfig');
  const timeoutSeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_STICKY_SECONDS;
  return { ...spec, sessionAffinityConfig: { clientIP: { timeoutSeconds } } };
}

/** The families of an update: the policy that there was stays, and SingleStack gives the second address back. */
function singleStacked(before: Service, wanted: Spec): Spec {
  const ipFamilyPolicy = wanted.ipFamilyPolicy ?? before.spec?.ipFamilyPolicy;
  const spec: Spec = ipFamilyPolicy === undefined ? wanted : { ...wanted, ipFamilyPolicy };
  if (ipFamilyPolicy !== 'SingleStack') return spec;
  const first = (key: 'clusterIPs' | 'ipFamilies') => {
    const list = spec[key];
    const isSame = JSON.stringify(list) === JSON.stringify(before.spec?.[key]);
    return list !== undefined && list.length > 1 && isSame ? { [key]: list.slice(0, 1) } : {};
  };
  return { ...spec, ...first('clusterIPs'), ...first('ipFamilies') };
}

/** Fields that the former type needed, that the new one has no use for, and that the update left as they were. */
function droppedFields(before: Service, wanted: Service, version: KubernetesVersion): Spec {
  let spec: Spec = wanted.spec ?? {};
  const same = (key: keyof Spec) => JSON.stringify(before.spec?.[key]) === JSON.stringify(spec[key]);
  if (needsClusterIP(before) && !needsClusterIP(wanted) && same('clusterIP')) {
    spec = without(spec, 'clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy');
  }
  if (needsClusterIP(before) && needsClusterIP(wanted)) spec = singleStacked(before, spec);
  const nodePorts = (service: Service) => (service.spec?.ports ?? []).map(({ nodePort }) => nodePort ?? 0).join();
  if (mayHaveNodePorts(before) && !mayHaveNodePorts(wanted) && nodePorts(before) === nodePorts(wanted)) {
    spec = { ...spec, ports: (spec.ports ?? []).map(({ nodePort: _nodePort, ...port }) => port) };
  }
  const balancedNoMore = typeOf(before) === 'LoadBalancer' && typeOf(wanted) !== 'LoadBalancer';
  for (const key of ['allocateLoadBalancerNodePorts', 'loadBalancerClass'] as const) {
    if (balancedNoMore && same(key)) spec = without(spec, key);
  }
  if (hasExternalPolicy(before, version) && !hasExternalPolicy(wanted, version) && same('externalTrafficPolicy')) {
    spec = without(spec, 'externalTrafficPolicy');
  }
  if (needsHealthCheckNodePort(before) && !needsHealthCheckNodePort(wanted) && same('healthCheckNodePort')) {
    spec = without(spec, 'healthCheckNodePort');
  }
  return spec;
}

/** Ports with protocol and target as the API server fills them in, and with the node ports that they had before. */
function filledPorts(before: Service, wanted: Service, spec: Spec): readonly ServicePortSpec[] {
  const carries = mayHaveNodePorts(before) && mayHaveNodePorts(wanted);
  // A port gets the node port back that the one of its name had, unless another port has it now.
  const former = new Map((before.spec?.ports ?? []).map((port) => [port.name ?? '', port.nodePort]));
  const had = new Set((before.spec?.ports ?? []).map(({ nodePort }) => nodePort ?? 0));
  const used = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0).filter((port) => had.has(port)));
  return (spec.ports ?? []).map((port) => {
    const own = carries ? (former.get(port.name ?? '') ?? 0) : 0;
    const nodePort = port.nodePort || (used.has(own) ? undefined : own);
    if (nodePort) used.add(nodePort);
    const { nodePort: _nodePort, ...rest } = port;
    return {
      ...rest,
      protocol: port.protocol ?? 'TCP',
      targetPort: port.targetPort ?? port.port,
      ...(nodePort ? { nodePort } : {}),
    };
  });
}

/**
 * What the API server makes of an updated Service: defaults filled in, fields dropped that the former type needed, node
 * ports kept where they were and allocated where they are missing: the lowest free ones, where Kubernetes draws them.
 * The status of a Service that is of type LoadBalancer no more is emptied, as the cloud's controller does.
 * Nothing is validated here. Source: Kubernetes 1.36 pkg/apis/core/v1/defaults.go, pkg/registry/core/service
 * (`dropTypeDependentFields`, `patchAllocatedValues`, alloc.go).
 */
export function completeService(
  before: Service,
  wanted: Service,
  nodePorts: NodePorts,
  version: KubernetesVersion,
): CompletedService {
  const key = namespacedName(wanted);
  const taken: TakenPort[] = [];
  const missing: string[] = [];
  const take = (what: string): number | undefined => {
    const port = nodePorts.take(key);
    if (port === undefined) missing.push(what);
    else taken.push({ what, port });
    return port;
  };
  let spec = sessionAffinity(droppedFields(before, wanted, version));
  const ports = filledPorts(before, wanted, spec);
  for (const { nodePort } of ports)
    if (nodePort && nodePorts.ownerOf(nodePort) === undefined) nodePorts.claim(nodePort, key);
  spec = {
    ...spec,
    ports: !getsNodePorts(wanted)
      ? ports
      : ports.map((port) => {
          const nodePort = port.nodePort ?? take(`node port of ${portKey(port)}`);
          return nodePort === undefined ? port : { ...port, nodePort };
        }),
  };
  if (!spec.externalTrafficPolicy && hasExternalPolicy({ ...wanted, spec }, version)) {
    spec = { ...spec, externalTrafficPolicy: 'Cluster' };
  }
  if (needsHealthCheckNodePort({ ...wanted, spec }) && !spec.healthCheckNodePort) {
    const former = needsHealthCheckNodePort(before) ? before.spec?.healthCheckNodePort : undefined;
    const healthCheckNodePort = former || take('health check node port');
    if (healthCheckNodePort !== undefined) spec = { ...spec, healthCheckNodePort };
  }
  const balancedNoMore = typeOf(before) === 'LoadBalancer' && typeOf(wanted) !== 'LoadBalancer';
  const keptStatus = !balancedNoMore || JSON.stringify(before.status) !== JSON.stringify(wanted.status);
  const { status, ...rest } = wanted;
  return {
    service: {
      ...rest,
      spec,
      ...(status === undefined ? {} : { status: keptStatus ? status : { ...status, loadBalancer: {} } }),
    },
    taken,
    without: missing,
  };
}
