import type { Settings } from './settings.js';

/**
 * Settings where some nodes have the kube-proxy of `changed`, and all else is as in `base`: a migration that is under
 * way.
 */
export function partlyChanged(base: Settings, changed: Settings, nodes: ReadonlySet<string>): Settings {
  return {
    ...base,
    proxyOf: (node) => (nodes.has(node) ? changed : base).proxyOf(node),
    overriddenBy: (more) => partlyChanged(base.overriddenBy(more), changed.overriddenBy(more), nodes),
    forCluster: (cluster) => partlyChanged(base.forCluster(cluster), changed.forCluster(cluster), nodes),
  };
}
