/** Nodes whose kube-proxy a change gives another mode. */
import type { Node } from '../../cluster/objects.js';
import type { NodeProxySettings } from '../../cluster/settings.js';
import type { View } from './finders.js';
import { MAX_LISTED } from './finding.js';
import { workingNodes } from './service-facts.js';

/** A node whose kube-proxy a change gives another mode. */
export interface Switched {
  readonly node: Node;
  readonly before: NodeProxySettings;
  readonly after: NodeProxySettings;
}

/** The nodes whose kube-proxy runs in another mode after the change. */
export function switchedNodes(before: View, after: View): readonly Switched[] {
  if (before.settings === after.settings) return [];
  if (before.settings.unsupportedDataplane ?? after.settings.unsupportedDataplane) return [];
  return workingNodes(after.cluster).flatMap((node): Switched[] => {
    const { name } = node.metadata;
    if (!before.cluster.nodes.has(name)) return [];
    const [was, is] = [before.settings.proxyOf(name), after.settings.proxyOf(name)];
    return was.mode === is.mode ? [] : [{ node, before: was, after: is }];
  });
}

export function names(switched: readonly { readonly node: Node }[]): readonly string[] {
  return switched.map(({ node }) => node.metadata.name);
}

export function nodeEvidence(switched: readonly { readonly node: Node }[]) {
  return { nodes: names(switched).slice(0, MAX_LISTED), nodeCount: switched.length };
}
