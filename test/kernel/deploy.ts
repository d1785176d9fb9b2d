import { addressOf, type Cidr, cidrContains, type IPFamily, networkOf } from '../../src/base/address.js';
import type { Service } from '../../src/cluster/objects.js';
import type { Snapshot } from '../../src/cluster/read-snapshot.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import { programNode } from '../../src/proxy/program.js';
import { ask } from '../../src/questions/ask.js';
import { prepare } from '../../src/questions/prepare.js';
import { FAMILIES, inFamily } from './plant/families.js';
import { nodeAddress, nodeName, numbers } from './plant/layout.js';
import type { NodeState, Plant } from './plant/plant.js';
import type { Listener } from './plant/protocol.js';
import { nodeRules } from './rules.js';
import type { Flavour } from './sandbox/missing.js';

const PROXY_HEALTH_PORT = 10256;

/** A cluster as every node of a plant gets it: a snapshot and the settings of the questions about it. */
export interface Deployment {
  readonly snapshot: Snapshot;
  readonly settings?: SettingsOverride;
  /** Those that the cluster has; default IPv4 alone. */
  readonly families?: readonly IPFamily[];
}

/**
 * Where a node of a plant answers health checks of a Service; undefined: everywhere. Each family's proxier listens for
 * the Services of its family on the nodePortAddresses, since 1.23.
 */
function healthCheckAddresses(
  spec: NonNullable<Service['spec']>,
  node: number,
  { kubernetesVersion, kubeProxy }: SettingsOverride,
): readonly string[] | undefined {
  const given = kubeProxy?.nodePortAddresses ?? [];
  if (Number(kubernetesVersion?.split('.')[1] ?? 0) < 23) return undefined;
  const all: string[] = [];
  for (const family of FAMILIES.filter((each) => (spec.ipFamilies ?? ['IPv4']).includes(each))) {
    const own = [nodeAddress(node), '127.0.0.1'].map((address) => inFamily(family, address));
    const primary = inFamily(family, nodeAddress(node));
    const networks = given[0] === 'primary' ? [] : given.filter((text) => networkOf(text)?.family === family);
    const matched =
      given[0] === 'primary'
        ? [primary]
        : own.filter((text) => {
            const address = addressOf(text);
            return (
              address !== undefined && networks.some((network) => cidrContains(networkOf(network) as Cidr, address))
            );
          });
    if (matched.length === 0) return undefined;
    all.push(...matched);
  }
  return all;
}

/** What listens on a node: kube-proxy's health servers and the pods of the host's network. */
export function listeners(
  { cluster }: Snapshot,
  node: number,
  override: SettingsOverride,
): Pick<NodeState, 'tcp' | 'udp'> {
  const tcp: Listener[] = [{ port: PROXY_HEALTH_PORT }];
  const udp: Listener[] = [];
  for (const { spec } of cluster.services.values()) {
    const port = spec?.healthCheckNodePort;
    if (!port || spec?.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local') continue;
    const addresses = healthCheckAddresses(spec, node, override);
    if (addresses === undefined) tcp.push({ port });
    else for (const address of addresses) tcp.push({ port, address });
  }
  for (const pod of cluster.podsOn(nodeName(node))) {
    if (!pod.spec?.hostNetwork) continue;
    for (const { containerPort, protocol } of pod.spec.containers?.flatMap((container) => container.ports ?? []) ??
      []) {
      if (protocol === 'UDP') {
        for (const family of FAMILIES) udp.push({ port: containerPort, address: inFamily(family, nodeAddress(node)) });
      } else tcp.push({ port: containerPort });
    }
  }
  return { tcp, udp };
}

/**
 * What each node of a plant is given for a cluster: the rules that kube-proxy writes for it, and what goes with them.
 */
function nodeStates({ snapshot, settings, families = ['IPv4'] }: Deployment, nodes: number): readonly NodeState[] {
  const override = settings === undefined ? {} : { settings };
  const prepared = prepare(override, snapshot);
  return numbers(nodes).map((node) => {
    const name = nodeName(node);
    const program = programNode(prepared.cluster, name, 'IPv4', prepared.settings.proxyOf(name));
    const isNft = program.mode === 'nftables';
    const textOf = (family: IPFamily, format: 'RESTORE' | 'TRANSACTION') => {
      const chains = { nodes: [name], families: [family], format };
      return ask('chains', { ...override, chains }, snapshot).result.parts[0]?.text ?? '';
    };
    const rules = families.map((family) => {
      const restore = isNft ? '' : textOf(family, 'RESTORE');
      return [family, nodeRules(prepared.cluster, prepared.settings, name, family, restore)] as const;
    });
    const nft = isNft ? families.map((family) => [family, textOf(family, 'TRANSACTION')] as const) : [];
    return {
      rules: Object.fromEntries(rules),
      ...(isNft ? { nft: Object.fromEntries(nft) } : {}),
      routeLocalnet: families.includes('IPv4') && program.routeLocalnet,
      tcpBeLiberal: prepared.settings.proxyOf(name).kernel.tcpBeLiberal,
      hairpin: prepared.settings.network.hairpin,
      ...listeners(snapshot, node, settings ?? {}),
    };
  });
}

/** Gives a cluster's rules to the nodes of a plant, which may have more nodes than the cluster. */
export async function deploy(plant: Plant, flavour: Flavour, deployment: Deployment): Promise<void> {
  await plant.program(flavour, nodeStates(deployment, deployment.snapshot.cluster.nodes.size));
}
