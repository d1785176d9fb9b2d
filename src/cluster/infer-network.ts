import type { Cluster } from './cluster.js';
import { routedNetworkAgent } from './dataplane.js';
import { settleIpMasq } from './ip-masq.js';
import type { Assumption, KernelSettings, NetworkSettings, Platform } from './settings.js';
import type { SettingsOverride } from './settings-override.js';

interface Settled<T> {
  readonly settings: T;
  readonly assumptions: readonly Assumption[];
}

/** The given fields over the defaults; the defaults that remain are one assumption. */
function withDefaults<T extends object>(
  defaults: T,
  given: { readonly [K in keyof T]?: T[K] | undefined },
  field: string,
  why: string,
): Settled<T> {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const assumed = Object.entries(defaults).filter(([key]) => !set.some(([name]) => name === key));
  return {
    settings: { ...defaults, ...Object.fromEntries(set) },
    assumptions: assumed.length === 0 ? [] : [{ field, value: Object.fromEntries(assumed), why }],
  };
}

/** The nodes' kernels, of which a snapshot says nothing but what kube-proxy is configured to set. */
export function inferKernel(override: SettingsOverride, tcpBeLiberal: boolean): Settled<KernelSettings> {
  if (tcpBeLiberal && override.kernel?.tcpBeLiberal === undefined) {
    const settled = inferKernel({ kernel: { ...override.kernel, tcpBeLiberal } }, true);
    const why = "kube-proxy's configuration has conntrack.tcpBeLiberal, by which it sets the sysctl itself.";
    return {
      settings: settled.settings,
      assumptions: [{ field: 'settings.kernel.tcpBeLiberal', value: true, why }, ...settled.assumptions],
    };
  }
  return withDefaults<KernelSettings>(
    { randomFully: true, tcpBeLiberal: false, nfacct: false },
    override.kernel ?? {},
    'settings.kernel',
    'A snapshot does not tell: what current distributions have.',
  );
}

const ROUTED_PLATFORMS: readonly Platform[] = ['gke', 'aks', 'eks'];

function inferPodNetwork(
  cluster: Cluster,
  platform: Platform,
): Assumption & { readonly value: NetworkSettings['podNetwork'] } {
  const field = 'settings.network.podNetwork';
  if (ROUTED_PLATFORMS.includes(platform)) {
    return { field, value: 'ROUTED', why: `Nodes of platform ${platform} have a route per pod.` };
  }
  const agent = routedNetworkAgent(cluster);
  if (agent !== undefined)
    return { field, value: 'ROUTED', why: `${agent} runs in the cluster, which makes a route per pod.` };
  return {
    field,
    value: 'BRIDGE',
    why: 'Nothing in the snapshot names the CNI: the bridge plugin, or one that works like it.',
  };
}

type InterfaceField = 'policies' | 'podInterface' | 'uplinkInterface' | 'tunnelInterface';

/** The names of interfaces that the request gives; what it does not give depends on the node whose rules are walked. */
function interfacesOf(given: NonNullable<SettingsOverride['network']>): Pick<NetworkSettings, InterfaceField> {
  const { policies, podInterface, uplinkInterface, tunnelInterface } = given;
  return {
    ...(policies && { policies }),
    ...(podInterface && { podInterface }),
    ...(uplinkInterface && { uplinkInterface }),
    ...(tunnelInterface && { tunnelInterface }),
  };
}

/** What the CNI does, which a snapshot shows only by its agents. */
export function inferNetwork(
  cluster: Cluster,
  platform: Platform,
  override: SettingsOverride,
): Settled<NetworkSettings> & { readonly ipMasqKnown: boolean } {
  const given = override.network ?? {};
  const ipMasq = settleIpMasq(cluster, platform, given.ipMasq);
  const inferred = inferPodNetwork(cluster, platform);
  const podNetwork = given.podNetwork ?? inferred.value;
  const rest = withDefaults<Omit<NetworkSettings, 'podNetwork' | 'ipMasq' | InterfaceField>>(
    { bridgeAddress: '', hairpin: true, forwardPolicy: 'ACCEPT', podMasquerade: [], routes: [] },
    {
      bridgeAddress: given.bridgeAddress,
      hairpin: given.hairpin,
      forwardPolicy: given.forwardPolicy,
      podMasquerade: given.podMasquerade?.map(({ source, exceptDestinations = [] }) => ({
        source,
        exceptDestinations,
      })),
      routes: given.routes,
    },
    'settings.network',
    'A snapshot does not tell what else the CNI and the network do: nothing.',
  );
  return {
    settings: { podNetwork, ...rest.settings, ipMasq: ipMasq.settings, ...interfacesOf(given) },
    ipMasqKnown: ipMasq.known,
    assumptions: [...(given.podNetwork === undefined ? [inferred] : []), ...ipMasq.assumptions, ...rest.assumptions],
  };
}
