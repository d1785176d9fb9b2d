/** The probes of load balancers, walked through the rules of nodes; nodes that are alike are walked once. */
import { remember } from '../base/remember.js';
import { nodeZone } from '../cluster/addresses.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Settings } from '../cluster/settings.js';
import type { Backend, Balanced, WalkedProbe, WalkProbe } from '../load-balancers/implementation.js';
import type { NodeProgram } from '../proxy/node-program.js';

/** What probes need of the nodes that they are walked through. */
export interface ProbedNodes {
  readonly cluster: Cluster;
  readonly settings: Settings;
  isParsed(node: string): boolean;
  unmodelled(node: string): string | undefined;
  hashesDestinations(node: string): boolean;
  program(node: string): NodeProgram;
}

/** Tells which nodes the same probe finds the same on: equal texts. */
function likenessOf(nodes: ProbedNodes): (balanced: Balanced, backend: Backend) => string {
  const profiles = new Map<object, number>();
  const { cluster, settings } = nodes;
  return ({ key }, { node }) => {
    const object = cluster.nodes.get(node);
    if (object === undefined || nodes.isParsed(node) || nodes.unmodelled(node) !== undefined) return `node ${node}`;
    if (nodes.hashesDestinations(node)) return `node ${node}`;
    const { services } = nodes.program(node);
    const special = services
      .portsOf(key)
      .some((port) => services.endpointsOf(port).some((one) => one.node === node || one.nodeHints.includes(node)));
    if (special) return `node ${node}`;
    return `alike ${remember(profiles, settings.proxyOf(node), () => profiles.size)} ${nodeZone(object) ?? ''}`;
  };
}

/**
 * Walks each probe once for nodes that are alike: those of the same proxy settings and zone that neither have endpoints
 * of the Service nor are named by hints.
 */
export function walkingOnce(nodes: ProbedNodes, walk: WalkProbe): WalkProbe {
  const walked = new Map<string, WalkedProbe>();
  const likeOf = likenessOf(nodes);
  return (balanced, check, backend) =>
    remember(walked, `${check.port} ${likeOf(balanced, backend)}`, () => walk(balanced, check, backend));
}
