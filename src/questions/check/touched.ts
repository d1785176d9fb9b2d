/** Which Services a change touches: those for which some node, a load balancer or DNS would do something else. */
import { nodeZone } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import { nodeIsDown } from '../../path/network.js';
import { workingNodes } from '../findings/service-facts.js';
import type { Prepared } from '../prepare.js';
import { servicesOfMovedPods } from './moved-pods.js';
import {
  elsewhere,
  inputsOf,
  nodesOfService,
  programmedBeside,
  programmedOn,
  readableOf,
  rivalsOf,
  unmodelledOn,
  usedOn,
} from './programmed.js';
import { balancerObjectsDiffer, changedResources } from './resources-changed.js';

type Side = Pick<Prepared, 'cluster' | 'settings'>;

export interface Touched {
  /** `namespace/name`, in byte order; those that the change names or whose endpoints it changes come first. */
  readonly services: readonly string[];
  /** Of them: those of which it is not known what the change does to them. */
  readonly unknown: readonly string[];
  /**
   * Sentences that say why it is not known what a change does: data planes that are not modelled, policies that change.
   */
  readonly unknownCauses: readonly string[];
  /** The first of them that is about policies. */
  readonly policiesChange?: string;
  /** Services that are there on either side. */
  readonly total: number;
  readonly nodesAdded: readonly string[];
  readonly nodesRemoved: readonly string[];
}

/**
 * Nodes that both sides have, in classes: a Service without endpoints on any of a class has the same rules on all of
 * it.
 */
interface NodeClass {
  readonly nodes: readonly string[];
  /** Whether what is no Service's own differs between the sides. */
  readonly changed: boolean;
  /** Why the rules of these nodes are not known on some side; undefined where they are. */
  readonly unmodelled: string | undefined;
}

function classesOf(before: Side, after: Side, common: readonly string[]): readonly NodeClass[] {
  const classes = new Map<string, { nodes: string[]; changed: boolean; unmodelled: string | undefined }>();
  const profiles = new Map<object, number>();
  const profile = (of: object): number => {
    const known = profiles.get(of) ?? profiles.size;
    profiles.set(of, known);
    return known;
  };
  const zoneOf = (cluster: Cluster, name: string) => {
    const node = cluster.nodes.get(name);
    return (node && nodeZone(node)) ?? '';
  };
  for (const node of common) {
    const [was, is] = [before, after].map(({ cluster, settings }) => ({
      proxy: settings.proxyOf(node),
      object: cluster.nodes.get(node),
      zone: zoneOf(cluster, node),
    }));
    // The same objects need not be looked into.
    const same = was?.proxy === is?.proxy && was?.object === is?.object && before.cluster === after.cluster;
    const changed = !same && programmedBeside(before, node) !== programmedBeside(after, node);
    const key = `${profile(was?.proxy ?? {})} ${profile(is?.proxy ?? {})} ${was?.zone} ${is?.zone} ${changed}`;
    const known = classes.get(key) ?? {
      nodes: [],
      changed,
      unmodelled: unmodelledOn(before, node) ?? unmodelledOn(after, node),
    };
    known.nodes.push(node);
    classes.set(key, known);
  }
  return [...classes.values()];
}

/** Whether the Service itself and its slices are the very same objects: then nothing of it needs to be looked at. */
function isIdentical(before: Cluster, after: Cluster, key: string): boolean {
  if (before.services.get(key) !== after.services.get(key)) return false;
  const [was, is] = [before.slicesOf(key), after.slicesOf(key)];
  return was.length === is.length && was.every((slice, index) => slice === is[index]);
}

/**
 * Whether some node's rules for the Service are others; the first of each class and the Service's own nodes are looked
 * at.
 */
function rulesDiffer(before: Side, after: Side, classes: readonly NodeClass[], key: string): boolean {
  const special = new Set([...nodesOfService(before, key), ...nodesOfService(after, key)]);
  const differs = (node: string) => programmedOn(before, node, key) !== programmedOn(after, node, key);
  return (
    classes.some(({ nodes }) => differs(nodes[0] as string)) ||
    classes.some(({ nodes }) => nodes.some((node, index) => index > 0 && special.has(node) && differs(node)))
  );
}

/**
 * Whether a node of the Service's endpoints is there and up on one side alone: rules that still name it lead nowhere
 * then.
 */
function placesDiffer(before: Side, after: Side, key: string): boolean {
  const stands = ({ cluster }: Side, name: string) => {
    const node = cluster.nodes.get(name);
    return node !== undefined && !nodeIsDown(node);
  };
  const nodes = [...nodesOfService(before, key), ...nodesOfService(after, key)];
  return nodes.some((node) => stands(before, node) !== stands(after, node));
}

/**
 * Whether some of these nodes, which only the one side has, use the Service as no node of both sides does there:
 * without endpoints of their own, without hints, with a kube-proxy that reads its endpoints in another way …
 */
function onlyThere(side: Side, classes: readonly NodeClass[], nodes: readonly string[], key: string): boolean {
  if (nodes.length === 0) return false;
  const special = nodesOfService(side, key);
  const known = new Set<string>();
  for (const { nodes: alike } of classes) {
    const plain = alike.find((node) => !special.has(node));
    const own = alike.find((node) => special.has(node));
    for (const node of [plain, own]) if (node !== undefined) known.add(usedOn(side, node, key));
  }
  return nodes.some((node) => !known.has(usedOn(side, node, key)));
}

/**
 * The Services for which the two sides differ in what any node's kube-proxy programs, in what DNS answers or in what a
 * load balancer spreads over. What is the same on both sides is not rendered; nodes that are alike are looked at once.
 */
export function touchedServices(before: Side, after: Side): Touched {
  const names = ({ cluster }: Side) => workingNodes(cluster).map(({ metadata }) => metadata.name);
  const [was, is] = [new Set(names(before)), new Set(names(after))];
  const common = [...was].filter((node) => is.has(node));
  const joined = [...is].filter((node) => !was.has(node));
  const _left = [...was].filter((node) => !is.has(node));
  const classes = classesOf(before, after, common);
  const nodesDiffer = before.cluster.nodes !== after.cluster.nodes;
  // Objects that are kept as they are may say which load balancer a Service has, and how it balances.
  const resourcesDiffer = balancerObjectsDiffer(before.cluster, after.cluster);
  const everywhere =
    before.settings !== after.settings || nodesDiffer || resourcesDiffer || classes.some(({ changed }) => changed);
  // Nobody knows what a data plane that is not modelled reads of a Service or of its own node: each difference counts.
  const left = [...was].filter((node) => !is.has(node));
  const causeOf = (side: Side, nodes: readonly string[]) =>
    nodes.map((node) => unmodelledOn(side, node)).find((cause) => cause !== undefined);
  const moving = causeOf(before, left) ?? causeOf(after, joined);
  const changing = classes.find(({ changed, unmodelled }) => changed && unmodelled !== undefined)?.unmodelled;
  const beside = [before, after].flatMap(({ settings }) => settings.beside)[0]?.why;
  const unmodelled = moving ?? beside ?? classes.map((one) => one.unmodelled).find((cause) => cause !== undefined);
  const keys = new Set([...before.cluster.services.keys(), ...after.cluster.services.keys()]);
  const differs = (key: string): boolean => {
    if (before.cluster.services.has(key) !== after.cluster.services.has(key)) return true;
    if (unmodelled !== undefined) {
      if ((moving ?? changing) !== undefined) return true;
      if (readableOf(before, key) !== readableOf(after, key)) return true;
    }
    const inputsSame = inputsOf(before, key) === inputsOf(after, key, before);
    return (
      (!inputsSame && elsewhere(before, key) !== elsewhere(after, key, before)) ||
      ((!inputsSame || classes.some(({ changed }) => changed)) && rulesDiffer(before, after, classes, key)) ||
      (nodesDiffer && placesDiffer(before, after, key)) ||
      onlyThere(after, classes, joined, key) ||
      onlyThere(before, classes, left, key)
    );
  };
  const direct: string[] = [];
  const indirect = new Set<string>();
  for (const key of keys) {
    const identical = isIdentical(before.cluster, after.cluster, key);
    if ((identical && !everywhere) || !differs(key)) continue;
    if (identical) indirect.add(key);
    else direct.push(key);
  }
  // A Service whose address another one claims, or no longer claims, is touched though nothing of it changed.
  for (const key of direct) {
    for (const rival of [...rivalsOf(before, key), ...rivalsOf(after, key)]) {
      if (!indirect.has(rival) && !direct.includes(rival) && differs(rival)) indirect.add(rival);
    }
  }
  const all = (side: Side) => [...side.cluster.nodes.keys()];
  // By policies that are not evaluated more may change than by rules.
  const resources = changedResources(before.cluster, after.cluster);
  for (const key of resources.services) if (!direct.includes(key)) indirect.add(key);
  for (const key of servicesOfMovedPods(before.cluster, after.cluster)) if (!direct.includes(key)) indirect.add(key);
  const services = [...direct.sort(), ...[...indirect].sort()];
  // An ExternalName is a name alone, which no node translates.
  const isUnknown = (key: string) =>
    [before, after].some(({ cluster }) => {
      const service = cluster.services.get(key);
      return service !== undefined && service.spec?.type !== 'ExternalName';
    });
  return {
    services,
    unknown: services.filter((key) => (unmodelled !== undefined && isUnknown(key)) || resources.unknown.includes(key)),
    ...(resources.reasons[0] === undefined ? {} : { policiesChange: resources.reasons[0] }),
    unknownCauses: [...(unmodelled === undefined ? [] : [unmodelled]), ...resources.reasons],
    total: keys.size,
    nodesAdded: all(after).filter((node) => !before.cluster.nodes.has(node)),
    nodesRemoved: all(before).filter((node) => !after.cluster.nodes.has(node)),
  };
}
