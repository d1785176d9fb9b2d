/** Which nodes carry the same rules: classes of nodes that a destination alone may tell apart. */
import type { IPFamily } from '../base/address.js';
import { QuestionError } from '../base/errors.js';
import { remember } from '../base/remember.js';
import { nodeZone } from '../cluster/addresses.js';
import type { Cluster } from '../cluster/cluster.js';
import { requireNode } from '../cluster/lookup.js';
import type { Node } from '../cluster/objects.js';
import type { Settings } from '../cluster/settings.js';
import type { Fabric } from '../path/fabric.js';
import { nodeIsDown } from '../path/network.js';
import { policyProfile } from '../path/policy-profile.js';
import { sourcesProfile } from '../path/source-profile.js';

function runsLinux(node: Node): boolean {
  return (node.status?.nodeInfo?.operatingSystem ?? 'linux') !== 'windows';
}

/** Nodes that carry the same rules unless something of the destination tells them apart. */
interface NodeClass {
  readonly nodes: readonly string[];
}

export interface NodeClasses {
  readonly all: readonly string[];
  readonly someDown: boolean;
  readonly byProfile: readonly NodeClass[];
  readonly byProfileAndZone: readonly NodeClass[];
}

const classesOf = new WeakMap<Cluster, WeakMap<Settings, Map<IPFamily, NodeClasses>>>();

function classify(fabric: Fabric, nodes: readonly string[], zone: (node: string) => string): readonly NodeClass[] {
  const profiles = new Map<object, number>();
  const classes = new Map<string, { nodes: string[] }>();
  for (const node of nodes) {
    const number = remember(profiles, fabric.settings.proxyOf(node), () => profiles.size);
    const policies = policyProfile(fabric, node);
    const sources = sourcesProfile(fabric, node);
    // Rules that are given may be like no other node's.
    const given = fabric.isParsed(node) ? ` ${node}` : '';
    remember(classes, `${number} ${policies} ${sources} ${zone(node)}${given}`, (): { nodes: string[] } => ({
      nodes: [],
    })).nodes.push(node);
  }
  return [...classes.values()];
}

function classesFor(fabric: Fabric, nodes: readonly string[], someDown: boolean): NodeClasses {
  return {
    all: nodes,
    someDown,
    byProfile: classify(fabric, nodes, () => ''),
    byProfileAndZone: classify(fabric, nodes, (node) => {
      const object = fabric.cluster.nodes.get(node);
      return (object && nodeZone(object)) ?? '';
    }),
  };
}

/**
 * Every Linux node that is up; kept per cluster, settings and family, since questions without `clients` ask for it each
 * time.
 */
function everyNode(fabric: Fabric): NodeClasses {
  const classified = () => {
    const linux = [...fabric.cluster.nodes.values()].filter(runsLinux);
    const up = linux.filter((node) => !nodeIsDown(node));
    return classesFor(
      fabric,
      up.map((node) => node.metadata.name),
      up.length < linux.length,
    );
  };
  if (fabric.hasGivenRules) return classified();
  const bySettings = remember(classesOf, fabric.cluster, () => new WeakMap<Settings, Map<IPFamily, NodeClasses>>());
  const byFamily = remember(bySettings, fabric.settings, () => new Map<IPFamily, NodeClasses>());
  return remember(byFamily, fabric.family, classified);
}

/**
 * The nodes that are named (JSON Pointer `pointer`), or every one that is up. Throws QuestionError for unknown names,
 * and where no node is left.
 */
export function nodesAsked(fabric: Fabric, names: readonly string[] | undefined, pointer: string): NodeClasses {
  if (names !== undefined) {
    for (const [index, name] of names.entries()) requireNode(fabric.cluster, name, `${pointer}/${index}`);
    return classesFor(fabric, names, false);
  }
  const every = everyNode(fabric);
  if (every.someDown) {
    fabric.assumptions.add(
      'clients.nodes',
      'nodes that report',
      'No connections start on nodes whose Ready condition is Unknown.',
    );
  }
  if (every.all.length === 0) {
    throw new QuestionError('NOT_FOUND', 'No node is left for clients.', [
      { pointer, detail: 'A Linux node that is not down is needed; name clients otherwise.' },
    ]);
  }
  return every;
}
