import type { KubernetesVersion } from '../../cluster/settings.js';
import { atLeast } from '../../cluster/settings.js';

/** What differs between the nftables proxiers of Kubernetes 1.29 to 1.36, each with the version in which it came in. */
export interface NftablesTraits {
  /**
   * 1.29: one chain for Services and node ports without endpoints, the firewall as two sets, INVALID packets dropped.
   */
  readonly alpha: boolean;
  /**
   * Where filter chains hook in. 1.30: before DNAT, with one chain after it; since 1.33.6 and 1.34: at priority 0
   * (#132456).
   */
  readonly hooks: 'ALPHA' | 'BEFORE_DNAT' | 'FILTER';
  /** Since 1.31: elements are compared with what is there, so that nothing is flushed or added twice. */
  readonly partial: boolean;
  /** Up to 1.30: elements of the firewall's map have a comment. */
  readonly firewallComments: boolean;
  /** Interfaces are compared by name: since 1.33.6, 1.34.2 and 1.35 (#134117); before, by number. */
  readonly interfaceNames: boolean;
  /** Up to 1.33: the masquerade rule of a Service names its port. */
  readonly masqueradePort: boolean;
  /** Since 1.36: marks are set in place, endpoints have no chains without affinity, hairpin is a set (#135800). */
  readonly inline: boolean;
  /** Since 1.31 a node without an address of the family takes node ports on all; 1.30 on none. */
  readonly primaryFallsBack: boolean;
}

/** What one version of kube-proxy's nftables mode does. Versions before 1.29 count as 1.29. */
export function nftablesTraits(version: KubernetesVersion): NftablesTraits {
  const { minor, patch } = version;
  const since1336 = minor >= 34 || (minor === 33 && patch >= 6);
  return {
    alpha: !atLeast(version, 30),
    hooks: minor < 30 ? 'ALPHA' : since1336 ? 'FILTER' : 'BEFORE_DNAT',
    partial: minor >= 31,
    firewallComments: minor <= 30,
    interfaceNames: minor >= 35 || (minor === 34 && patch >= 2) || (minor === 33 && patch >= 6),
    masqueradePort: minor <= 33,
    inline: minor >= 36,
    primaryFallsBack: minor >= 31,
  };
}
