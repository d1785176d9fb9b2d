import { parseCidr } from '../base/address.js';
import { nodeOfAddress, nodeZone, podOfAddress } from '../cluster/addresses.js';
import { checkObject } from '../cluster/check-object.js';
import type { Cluster } from '../cluster/cluster.js';
import { requireNode } from '../cluster/lookup.js';
import { type Node, namespacedName, ZONE_LABEL } from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import { withNodeLike } from '../cluster/settings-like.js';
import type { NewNode } from '../contract/requests.js';
import { daemonPodsFor } from '../control-plane/daemon-pods.js';
import { timestamp } from '../control-plane/new-pods.js';
import { freeNodeAddresses, freePodCIDRs, nodeOfPodCIDR } from '../control-plane/node-ranges.js';
import type { ChangeContext, ChangeResult, Consequence } from './change.js';
import { controlPlaneVersion } from './control-plane-version.js';
import { placePods } from './place-pods.js';
import { closestPlace, impossible, refuse } from './refused-change.js';
import { SETTLED, settle } from './settle.js';

const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
const HOSTNAME_LABEL = 'kubernetes.io/hostname';

function isReady(node: Node): boolean {
  return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}

function modelOf(cluster: Cluster, wanted: NewNode, pointer: string): Node {
  if (wanted.like !== undefined) return requireNode(cluster, wanted.like, `${pointer}/node/like`);
  const nodes = [...cluster.nodes.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const workers = nodes.filter(
    ({ metadata }) => !CONTROL_PLANE.some((label) => metadata.labels?.[label] !== undefined),
  );
  const usable = workers.filter((node) => isReady(node) && node.spec?.unschedulable !== true);
  const ranked = [usable.filter((node) => nodeZone(node) === wanted.zone), usable, workers, nodes].flat();
  const [model] = ranked;
  if (model === undefined) throw impossible(pointer, 'There is no node that the new one could be like.');
  return model;
}

function nodeLike(cluster: Cluster, model: Node, name: string, wanted: NewNode, at: number): Node {
  const { [HOSTNAME_LABEL]: _hostname, ...labels } = model.metadata.labels ?? {};
  const podCIDRs = wanted.podCIDRs ?? freePodCIDRs(cluster, model);
  const addresses = wanted.addresses ?? [
    ...freeNodeAddresses(cluster, model).map((address) => ({ type: 'InternalIP', address })),
    { type: 'Hostname', address: name },
  ];
  const { allocatable, capacity, nodeInfo, conditions } = model.status ?? {};
  const resources = wanted.allocatable === undefined ? allocatable : { ...allocatable, ...wanted.allocatable };
  const since = timestamp(at);
  const others = (conditions ?? []).filter(({ type }) => type !== 'Ready');
  return {
    kind: 'Node',
    metadata: {
      name,
      labels: {
        ...labels,
        [HOSTNAME_LABEL]: name,
        ...wanted.labels,
        ...(wanted.zone === undefined ? {} : { [ZONE_LABEL]: wanted.zone }),
      },
      creationTimestamp: since,
    },
    spec: {
      ...(podCIDRs[0] === undefined ? {} : { podCIDR: podCIDRs[0], podCIDRs }),
      ...(wanted.taints === undefined ? {} : { taints: wanted.taints }),
    },
    status: {
      addresses,
      ...(resources === undefined ? {} : { allocatable: resources }),
      ...(capacity === undefined ? {} : { capacity }),
      conditions: [...others.map(({ type }) => ({ type, status: 'False' })), { type: 'Ready', status: 'True' }].map(
        (one) => ({
          ...one,
          lastTransitionTime: since,
        }),
      ),
      ...(nodeInfo === undefined ? {} : { nodeInfo }),
    },
  };
}

/** The field of the change for a place in the Node. */
function pointerOf(wanted: NewNode, pointer: string, place: string): string {
  const inside = place.replace(/^\/(?:metadata|spec|status)\//, '/').replace(/^\/podCIDR$/, '/podCIDRs/0');
  return `${pointer}/node${closestPlace(wanted, inside)}`;
}

function checkRanges(cluster: Cluster, wanted: NewNode, pointer: string): void {
  for (const [index, text] of (wanted.podCIDRs ?? []).entries()) {
    const cidr = parseCidr(text);
    const other = cidr === undefined ? undefined : nodeOfPodCIDR(cluster, cidr);
    if (other !== undefined) {
      throw impossible(
        `${pointer}/node/podCIDRs/${index}`,
        `${text} overlaps with a pod CIDR of node ${other}; name one that is free.`,
      );
    }
  }
  for (const [index, { address }] of (wanted.addresses ?? []).entries()) {
    const other = nodeOfAddress(cluster, address)?.metadata.name ?? podOfAddress(cluster, address)?.metadata.name;
    if (other !== undefined) {
      throw impossible(
        `${pointer}/node/addresses/${index}/address`,
        `${address} belongs to ${other}; name one that is free.`,
      );
    }
  }
}

function assumptionsOf(node: Node, model: Node, wanted: NewNode): Assumption[] {
  const { name } = node.metadata;
  const field = `changes.node.${name}`;
  const made: Assumption[] = [];
  if (wanted.like === undefined) {
    const why =
      'Labels, resources, Kubernetes version and kube-proxy configuration that the request does not tell are ' +
      'those of this node: the first ready one by name that is no control plane, of the same zone if there ' +
      'is one.';
    made.push({ field: `${field}.like`, value: model.metadata.name, why });
  }
  if (wanted.podCIDRs === undefined && node.spec?.podCIDRs !== undefined) {
    const why = 'The lowest free pod CIDR of the size that other nodes have.';
    made.push({ field: `${field}.podCIDRs`, value: node.spec.podCIDRs, why });
  }
  if (wanted.addresses === undefined) {
    const why = 'The next free address after those of the other nodes.';
    made.push({ field: `${field}.addresses`, value: node.status?.addresses ?? [], why });
  }
  return made;
}

/** A node joins the cluster and is ready; DaemonSets start their pods on it. Other pods stay where they are. */
export function addNode(
  cluster: Cluster,
  name: string,
  wanted: NewNode,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  if (cluster.nodes.has(name)) throw impossible(`${pointer}/name`, `Node ${name} is there already; name a new one.`);
  const model = modelOf(cluster, wanted, pointer);
  const node = nodeLike(cluster, model, name, wanted, context.at);
  const checked = checkObject('Node', node);
  if ('faults' in checked) {
    refuse(
      checked.faults.map(({ pointer: place, detail }) => ({ pointer: pointerOf(wanted, pointer, place), detail })),
      `Node ${name}`,
    );
  }
  checkRanges(cluster, wanted, pointer);
  const settings = withNodeLike(context.settings, name, model.metadata.name);
  const grown = cluster.with({ nodes: new Map([[name, node]]) });
  const daemons = daemonPodsFor(grown, node, context.at);
  const version = controlPlaneVersion(cluster, context.settings);
  const placement = daemons.map(() => name);
  const placed = placePods(grown, daemons, { placement, at: context.at, version, inOrder: false, pointer });
  const done = settle(cluster, grown.with({ pods: placed.pods }), { pods: [...placed.pods.values()] }, context);
  const waiting = [...cluster.pods.values()].filter((pod) => !pod.spec?.nodeName && pod.status?.phase === 'Pending');
  const pending: Assumption[] =
    waiting.length === 0
      ? []
      : [
          {
            field: 'changes.node.pendingPods',
            value: waiting.slice(0, 10).map(namespacedName),
            why:
              `${waiting.length} pods of the snapshot have no node. They stay pending here, though the ` +
              'scheduler may now find a place for them.',
          },
        ];
  const zone = nodeZone(node);
  const detail =
    `ready${zone === undefined ? '' : ` in zone ${zone}`}, pods in ` +
    `${node.spec?.podCIDRs?.join(', ') ?? 'no range of its own'}`;
  const consequences: readonly Consequence[] = [
    { kind: 'NODE_ADDED', object: name, detail },
    ...placed.consequences,
    ...done.consequences,
  ];
  return {
    cluster: done.cluster,
    settings,
    choices: placed.choices,
    consequences,
    assumptions: [
      ...assumptionsOf(node, model, wanted),
      ...pending,
      ...placed.assumptions,
      ...done.assumptions,
      ...(daemons.length > 0 ? [SETTLED] : []),
    ],
  };
}
