import type { ApiFault } from '../api-server/faults.js';
import { requireService } from '../cluster/lookup.js';
import type { Service, ServicePortSpec } from '../cluster/objects.js';
import type { ServiceChange } from '../contract/requests.js';
import type { ChangeKind } from './change.js';
import { describeFields } from './describe-fields.js';
import { impossible } from './refused-change.js';
import { updateService } from './update-service.js';

interface ServiceChangePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
  readonly targetPort?: number | string;
  readonly nodePort?: number;
}

type Spec = NonNullable<Service['spec']>;

const COPIED = [
  'type',
  'externalTrafficPolicy',
  'internalTrafficPolicy',
  'sessionAffinity',
  'externalIPs',
  'loadBalancerSourceRanges',
  'allocateLoadBalancerNodePorts',
  'healthCheckNodePort',
] as const;

function mergedPorts(before: Spec, ports: readonly ServiceChangePort[]): readonly ServicePortSpec[] {
  return ports.map((port) => {
    const protocol = port.protocol ?? 'TCP';
    const former = before.ports?.find((one) => one.port === port.port && (one.protocol ?? 'TCP') === protocol);
    return { ...former, ...port };
  });
}

function changedSpec(before: Spec, change: ServiceChange): Spec {
  const given = Object.fromEntries(COPIED.flatMap((key) => (change[key] === undefined ? [] : [[key, change[key]]])));
  const { trafficDistribution, ...rest } = before;
  const distribution = change.trafficDistribution === undefined ? trafficDistribution : change.trafficDistribution;
  const seconds = change.sessionAffinityTimeoutSeconds;
  return {
    ...rest,
    ...given,
    ...(distribution === undefined || distribution === null ? {} : { trafficDistribution: distribution }),
    ...(seconds === undefined ? {} : { sessionAffinityConfig: { clientIP: { timeoutSeconds: seconds } } }),
    ...(change.ports === undefined ? {} : { ports: mergedPorts(before, change.ports) }),
  };
}

/** The field of the change for a place in the Service; the change itself where it does not name that field. */
function pointerOf(change: ServiceChange, pointer: string, fault: Pick<ApiFault, 'pointer'>): string {
  const place = fault.pointer
    .replace(/^\/spec\/sessionAffinityConfig\/clientIP\/timeoutSeconds/, '/sessionAffinityTimeoutSeconds')
    .replace(/^\/status\/loadBalancer\/ingress/, '/loadBalancerIngress')
    .replace(/^\/spec\//, '/');
  const [field = '', index, inside] = place.split('/').slice(1);
  const value = (change as unknown as Readonly<Record<string, unknown>>)[field];
  if (value === undefined) return pointer;
  if (index === undefined) return `${pointer}/${field}`;
  const item = (value as readonly unknown[])[Number(index)];
  const has = inside !== undefined && typeof item === 'object' && item !== null && Object.hasOwn(item, inside);
  return `${pointer}/${field}/${index}${has ? `/${inside}` : ''}`;
}

/**
 * `service`: a Service gets another type, other policies, ports or addresses, with all that the API server and the
 * EndpointSlice controller make of it.
 */
export const service: ChangeKind<'service'> = {
  key: 'service',
  schema: 'ServiceChange',
  summary: 'a Service gets another type, ports, policy or addresses',
  example: { namespace: 'default', name: 'nginx-svc', type: 'NodePort', externalTrafficPolicy: 'Local' },
  describe: ({ namespace, name, ...rest }) => `Service ${namespace}/${name}: ${describeFields(rest)}`,
  apply(cluster, change, context, pointer) {
    const before = requireService(cluster, change.namespace, change.name, pointer);
    const spec = changedSpec(before.spec ?? {}, change);
    if (change.sessionAffinityTimeoutSeconds !== undefined && spec.sessionAffinity !== 'ClientIP') {
      const detail =
        'Without session affinity there is no timeout; make sessionAffinity ClientIP or leave the timeout out.';
      throw impossible(`${pointer}/sessionAffinityTimeoutSeconds`, detail);
    }
    const ingress = change.loadBalancerIngress;
    const status = ingress === undefined ? before.status : { ...before.status, loadBalancer: { ingress } };
    const wanted: Service = { ...before, spec, ...(status === undefined ? {} : { status }) };
    return updateService(cluster, before, wanted, context, pointer, (fault) => ({
      pointer: pointerOf(change, pointer, fault),
      detail: fault.detail,
    }));
  },
};
