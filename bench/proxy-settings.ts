/** The settings of kube-proxy with which benches render rules: its defaults, but for what a bench replaces. */
import type { NodeProxySettings } from '../src/cluster/settings.js';

export const SETTINGS: NodeProxySettings = {
  version: { major: 1, minor: 30, patch: 5 },
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
};
