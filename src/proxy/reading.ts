import type { NodeProxySettings } from '../cluster/settings.js';
import { gateEnabled } from './feature-gates.js';

/**
 * How a version of kube-proxy reads Services and EndpointSlices: what of {@link NodeProxySettings} a service map
 * depends on. Two nodes with equal readings share one map.
 */
export interface Reading {
  /** Equal readings have equal keys. */
  readonly key: string;
  /**
   * Which labels keep objects from kube-proxy. `BOTH`: one selector for Services and slices (no
   * `service.kubernetes.io/service-proxy-name`, no `service.kubernetes.io/headless`). 1.36: Services are only asked for
   * the first, slices only for the second.
   */
  readonly selectors: 'BOTH' | 'SEPARATE';
  /** 1.22: endpoints are distinguished by address and port; before by address alone. */
  readonly endpointIdentity: 'ADDRESS' | 'ADDRESS_AND_PORT';
  /** Which of two endpoints of one identity counts. 1.36: one that is not terminating; before: a local one. */
  readonly duplicates: 'LOCAL_WINS' | 'NOT_TERMINATING_WINS';
  /** ≤1.20: endpoints that are not ready are dropped as they are read, and nothing is known of terminating ones. */
  readonly readyOnly: boolean;
  /** 1.31: endpoint addresses are printed anew (`fd00::5`); before they stay as written. */
  readonly canonicalEndpoints: boolean;
  /** 1.30: external IPs, load balancer IPs and source ranges are kept parsed and printed anew. */
  readonly canonicalServices: boolean;
  /** 1.34: a source range that holds everything means there is no firewall at all. */
  readonly zeroRangeMeansNone: boolean;
  /** 1.29: externalTrafficPolicy counts for a ClusterIP Service with external IPs too. */
  readonly externalPolicyOfExternalIPs: boolean;
  readonly internalTrafficPolicy: boolean;
  readonly ipMode: boolean;
  readonly externalIPs: boolean;
  readonly zoneHints: boolean;
  readonly nodeHints: boolean;
  /** 1.27: `topology-aware-hints` first, then `topology-mode`; before only the former. */
  readonly topologyMode: boolean;
}

const known = new WeakMap<NodeProxySettings, Reading>();

/** The reading of a node's kube-proxy (its version and feature gates). */
export function readingOf(settings: NodeProxySettings): Reading {
  let reading = known.get(settings);
  if (reading === undefined) {
    reading = makeReading(settings);
    known.set(settings, reading);
  }
  return reading;
}

function makeReading({ version, featureGates }: NodeProxySettings): Reading {
  const since = (minor: number) => version.minor >= minor;
  const gate = (name: Parameters<typeof gateEnabled>[2]) => gateEnabled(version, featureGates, name);
  const reading: Omit<Reading, 'key'> = {
    selectors: since(36) ? 'SEPARATE' : 'BOTH',
    endpointIdentity: since(22) ? 'ADDRESS_AND_PORT' : 'ADDRESS',
    duplicates: since(36) ? 'NOT_TERMINATING_WINS' : 'LOCAL_WINS',
    readyOnly: !since(21),
    canonicalEndpoints: since(31),
    canonicalServices: since(30),
    zeroRangeMeansNone: since(34),
    externalPolicyOfExternalIPs: since(29),
    internalTrafficPolicy: gate('ServiceInternalTrafficPolicy'),
    ipMode: gate('LoadBalancerIPMode'),
    externalIPs: !since(36) || gate('AllowServiceExternalIPs'),
    zoneHints: gate('TopologyAwareHints'),
    nodeHints: gate('PreferSameTrafficDistribution'),
    topologyMode: since(27),
  };
  return { key: Object.values(reading).join(' '), ...reading };
}
