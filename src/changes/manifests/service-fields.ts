import { closestNames } from '../../base/did-you-mean.js';
import type { ObjectFault } from './workload-faults.js';

/** The fields of a Service, which kubectl and the API server hold a manifest to (Kubernetes 1.36 core/v1 types.go). */
const SPEC = [
  'allocateLoadBalancerNodePorts',
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'externalName',
  'externalTrafficPolicy',
  'healthCheckNodePort',
  'internalTrafficPolicy',
  'ipFamilies',
  'ipFamily',
  'ipFamilyPolicy',
  'loadBalancerClass',
  'loadBalancerIP',
  'loadBalancerSourceRanges',
  'ports',
  'publishNotReadyAddresses',
  'selector',
  'sessionAffinity',
  'sessionAffinityConfig',
  'topologyKeys',
  'trafficDistribution',
  'type',
];
const PORT = ['appProtocol', 'name', 'nodePort', 'port', 'protocol', 'targetPort'];

function unknown(value: unknown, known: readonly string[], at: string): ObjectFault[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const near = closestNames(key, known);
      const hint = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
      return {
        place: `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        detail: `A Service has no field "${key}" here.${hint}`,
      };
    });
}

/** Fields of a Service's manifest that there are not: misspelled ones, which would say nothing and mean much. */
export function unknownServiceFields(manifest: Readonly<Record<string, unknown>>): ObjectFault[] {
  const { spec } = manifest;
  const { ports } = Object(spec) as { readonly ports?: unknown };
  const faults = unknown(spec, SPEC, '/spec');
  for (const [index, port] of (Array.isArray(ports) ? ports : []).entries())
    faults.push(...unknown(port, PORT, `/spec/ports/${index}`));
  return faults;
}
