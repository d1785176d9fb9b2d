import type { Settings } from '../contract/gen/types.js';
import { mergedLoadBalancers } from './load-balancer-settings.js';

/** `settings` of a request: every field optional, each one wins over what the snapshot shows. */
export type SettingsOverride = Settings;

/** One override laid over another: its fields win, one by one; of both, lists and single values are taken whole. */
export function mergedOverride(under: SettingsOverride, over: SettingsOverride): SettingsOverride {
  const { kubeProxy: proxyUnder, ...below } = under;
  const { kubeProxy: proxyOver, ...above } = over;
  const kubeProxy = {
    ...proxyUnder,
    ...proxyOver,
    detectLocal: { ...proxyUnder?.detectLocal, ...proxyOver?.detectLocal },
    iptables: { ...proxyUnder?.iptables, ...proxyOver?.iptables },
    nftables: { ...proxyUnder?.nftables, ...proxyOver?.nftables },
    ipvs: { ...proxyUnder?.ipvs, ...proxyOver?.ipvs },
    ...(proxyUnder?.featureGates === undefined && proxyOver?.featureGates === undefined
      ? {}
      : { featureGates: { ...proxyUnder?.featureGates, ...proxyOver?.featureGates } }),
  };
  return {
    ...below,
    ...above,
    kernel: { ...below.kernel, ...above.kernel },
    network: {
      ...below.network,
      ...above.network,
      // Of two writers nothing is mixed.
      ...(below.network?.ipMasq !== undefined &&
      above.network?.ipMasq !== undefined &&
      above.network.ipMasq.writer === undefined
        ? { ipMasq: { ...below.network.ipMasq, ...above.network.ipMasq } }
        : {}),
    },
    kubeProxy,
    ...(under.loadBalancer === undefined && over.loadBalancer === undefined
      ? {}
      : { loadBalancer: mergedLoadBalancers(under.loadBalancer ?? {}, over.loadBalancer ?? {}) }),
  };
}
