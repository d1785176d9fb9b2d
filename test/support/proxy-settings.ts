import { SETTINGS } from '../../bench/proxy-settings.js';
import type { NodeProxySettings } from '../../src/cluster/settings.js';

/** Settings of an iptables proxy with the defaults of KubeProxyConfiguration, some of them replaced. */
export function proxySettings(minor: number, other: Partial<NodeProxySettings> = {}): NodeProxySettings {
  return { ...SETTINGS, version: { major: 1, minor, patch: 0 }, ...other };
}
