import type { Snapshot } from '../../src/cluster/read-snapshot.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import { programNode } from '../../src/proxy/program.js';
import { ask } from '../../src/questions/ask.js';
import { prepare } from '../../src/questions/prepare.js';
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
}

/** What listens on a node: kube-proxy's health servers and the pods of the host's network. */
function listeners({ cluster }: Snapshot, node: number): Pick<NodeState, 'tcp' | 'udp'> {
  const tcp: Listener[] = [{ port: PROXY_HEALTH_PORT }];
  const udp: Listener[] = [];
  for (const { spec } of cluster.services.values()) {
    const port = spec?.healthCheckNodePort;
    if (port && spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') tcp.push({ port });
  }
  for (const pod of cluster.podsOn(nodeName(node))) {
    if (!pod.spec?.hostNetwork) continue;
    for (const { containerPort, protocol } of pod.spec.containers?.flatMap((container) => container.ports ?? []) ??
      []) {
      if (protocol === 'UDP') udp.push({ port: containerPort, address: nodeAddress(node) });
      else tcp.push({ port: containerPort });
    }
  }
  return { tcp, udp };
}

/** What each node of a plant is given for a cluster: the rules that kube-proxy writes for it, and what goes with them. */
export function nodeStates({ snapshot, settings }: Deployment, nodes: number): readonly NodeState[] {
  const override = settings === undefined ? {} : { settings };
  const prepared = prepare(override, snapshot);
  return numbers(nodes).map((node) => {
    const name = nodeName(node);
    const chains = { nodes: [name], families: ['IPv4'], format: 'RESTORE' } as const;
    const restore = ask('chains', { ...override, chains }, snapshot).result.parts[0]?.text ?? '';
    const program = programNode(prepared.cluster, name, 'IPv4', prepared.settings.proxyOf(name));
    return {
      rules: nodeRules(prepared.cluster, prepared.settings, name, restore),
      routeLocalnet: program.routeLocalnet,
      tcpBeLiberal: prepared.settings.proxyOf(name).kernel.tcpBeLiberal,
      hairpin: prepared.settings.network.hairpin,
      ...listeners(snapshot, node),
    };
  });
}

/** Gives a cluster's rules to the nodes of a plant, which may have more nodes than the cluster. */
export async function deploy(plant: Plant, flavour: Flavour, deployment: Deployment): Promise<void> {
  await plant.program(flavour, nodeStates(deployment, deployment.snapshot.cluster.nodes.size));
}
