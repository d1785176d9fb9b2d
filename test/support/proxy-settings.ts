import type { KubernetesVersion, NodeProxySettings } from '../../src/cluster/settings.js';

/** Settings of an iptables proxy with the defaults of KubeProxyConfiguration, some of them replaced. */
export function proxySettings(minor: number, other: Partial<NodeProxySettings> = {}): NodeProxySettings {
  const version: KubernetesVersion = { major: 1, minor, patch: 0 };
  return {
    version,
    mode: 'iptables',
    clusterCIDR: ['10.0.0.0/9'],
    detectLocalMode: 'ClusterCIDR',
    bridgeInterface: '',
    interfaceNamePrefix: '',
    nodePortAddresses: [],
    masqueradeAll: false,
    masqueradeBit: 14,
    localhostNodePorts: true,
    ipvsScheduler: 'rr',
    ipvsStrictARP: false,
    featureGates: {},
    kernel: { randomFully: true, tcpBeLiberal: false, nfacct: false },
    ...other,
  };
}
