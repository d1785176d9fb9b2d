/** Questions about a recorded cluster, to be asked of rendered rules and of what iptables-save shows of them. */
import type { IPFamily } from '../../src/base/address.js';
import { addressOf } from '../../src/base/address.js';
import type { NodeProxySettings } from '../../src/cluster/settings.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import type { Destination, PathQuestion, Source } from '../../src/contract/requests.js';
import type { GoldenCase } from '../support/golden.js';

/** The settings of a recording, as a request gives them. */
export function overrideOf(settings: NodeProxySettings): SettingsOverride {
  const { version, kernel } = settings;
  return {
    kubernetesVersion: `${version.major}.${version.minor}.${version.patch}`,
    kubeProxy: {
      mode: 'iptables',
      clusterCIDR: settings.clusterCIDR.join(','),
      detectLocalMode: settings.detectLocalMode,
      detectLocal: {
        ...(settings.bridgeInterface ? { bridgeInterface: settings.bridgeInterface } : {}),
        ...(settings.interfaceNamePrefix ? { interfaceNamePrefix: settings.interfaceNamePrefix } : {}),
      },
      nodePortAddresses: settings.nodePortAddresses,
      iptables: {
        masqueradeAll: settings.masqueradeAll,
        masqueradeBit: settings.masqueradeBit,
        localhostNodePorts: settings.localhostNodePorts,
      },
      featureGates: settings.featureGates,
    },
    kernel: { randomFully: kernel.randomFully, tcpBeLiberal: kernel.tcpBeLiberal, nfacct: kernel.nfacct },
    kubelet: false,
  };
}

const OUTSIDE = { IPv4: '198.51.100.9', IPv6: '2001:db8:51::9' } as const;

/** The first of the Services with a port that has an address of the family; large recordings have thousands. */
const MOST_SERVICES = 4;

/** A client of each kind at the recorded node, to every door of its first Services. */
export function goldenQuestions({ cluster, node }: GoldenCase, family: IPFamily): readonly PathQuestion[] {
  const of = (text: string | undefined) => text !== undefined && addressOf(text)?.family === family;
  const own = cluster.nodes
    .get(node)
    ?.status?.addresses?.find(({ type, address }) => type === 'InternalIP' && of(address));
  const pod = cluster
    .podsOn(node)
    .find(({ spec, status }) => !spec?.hostNetwork && status?.podIPs?.some(({ ip }) => of(ip)));
  const sources: readonly Source[] = [
    ...(own === undefined ? [] : [{ node }]),
    ...(pod === undefined ? [] : [{ pod: `${pod.metadata.namespace ?? 'default'}/${pod.metadata.name}` }]),
    { external: { address: OUTSIDE[family], entersAt: node } },
  ];
  const doors: { readonly destination: Destination; readonly protocol: 'TCP' | 'UDP' | 'SCTP' }[] = [];
  let services = 0;
  for (const { spec, status } of cluster.services.values()) {
    const addresses = [
      ...(spec?.clusterIPs ?? [spec?.clusterIP ?? '']),
      ...(spec?.externalIPs ?? []),
      ...(status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip),
    ].filter(of) as string[];
    if (addresses.length === 0 || services++ >= MOST_SERVICES) continue;
    for (const { port, nodePort, protocol = 'TCP' } of spec?.ports ?? []) {
      const known = protocol as 'TCP' | 'UDP' | 'SCTP';
      for (const address of addresses) doors.push({ destination: { address, port }, protocol: known });
      if (nodePort && own) doors.push({ destination: { address: own.address, port: nodePort }, protocol: known });
    }
  }
  return sources.flatMap((source) => doors.map((door) => ({ source, ...door })));
}
