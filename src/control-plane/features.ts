import { atLeast, type KubernetesVersion } from '../cluster/settings.js';

/** What the EndpointSlice controller does in one version, feature gates at their defaults. */
export interface EndpointSliceFeatures {
  /**
   * Conditions serving and terminating, and terminating pods kept in slices (1.22; gate
   * EndpointSliceTerminatingCondition).
   */
  readonly terminating: boolean;
  /** Annotation topology-aware-hints/topology-mode: Auto (1.24; gate TopologyAwareHints, beta but off in 1.23). */
  readonly topologyHints: boolean;
  /** The annotation's newer key service.kubernetes.io/topology-mode (1.27). */
  readonly topologyModeKey: boolean;
  /** trafficDistribution PreferClose (alpha 1.30, on from 1.31; gate ServiceTrafficDistribution). */
  readonly preferClose: boolean;
  /** PreferSameZone and PreferSameNode (alpha 1.33, on from 1.34; gate PreferSameTrafficDistribution). */
  readonly preferSame: boolean;
}

/** The features of a version; `gates` names feature gates set explicitly on the controller manager. */
export function endpointSliceFeatures(
  version: KubernetesVersion,
  gates: Readonly<Record<string, boolean>> = {},
): EndpointSliceFeatures {
  const gated = (name: string, alphaIn: number, onFrom: number, lockedFrom: number) =>
    atLeast(version, lockedFrom) || (atLeast(version, alphaIn) && (gates[name] ?? atLeast(version, onFrom)));
  return {
    terminating: gated('EndpointSliceTerminatingCondition', 20, 22, 26),
    topologyHints: gated('TopologyAwareHints', 21, 24, 33),
    topologyModeKey: atLeast(version, 27),
    preferClose: gated('ServiceTrafficDistribution', 30, 31, 33),
    preferSame: gated('PreferSameTrafficDistribution', 33, 34, 35),
  };
}
