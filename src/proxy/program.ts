import type { IPFamily } from '../base/address.js';
import { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import type { NodeProxySettings } from '../cluster/settings.js';
import { iptablesProgram } from './iptables/program.js';
import type { NodeProgram } from './node-program.js';

type Programs = Map<string, { readonly settings: NodeProxySettings; readonly program: NodeProgram }[]>;

const programs = new WeakMap<Cluster, Programs>();

/**
 * What the kube-proxy of one node and family programs. Remembered per cluster, node, family and settings object.
 *
 * @throws QuestionError NOT_FOUND for an unknown node, UNSUPPORTED for a proxy mode that is not built
 */
export function programNode(
  cluster: Cluster,
  nodeName: string,
  family: IPFamily,
  settings: NodeProxySettings,
): NodeProgram {
  let byNode = programs.get(cluster);
  if (byNode === undefined) {
    byNode = new Map();
    programs.set(cluster, byNode);
  }
  const key = `${family} ${nodeName}`;
  const known = byNode.get(key) ?? [];
  const found = known.find((entry) => entry.settings === settings);
  if (found !== undefined) return found.program;
  const program = makeProgram(cluster, nodeName, family, settings);
  byNode.set(key, [...known, { settings, program }]);
  return program;
}

function makeProgram(cluster: Cluster, nodeName: string, family: IPFamily, settings: NodeProxySettings): NodeProgram {
  const node = cluster.nodes.get(nodeName);
  if (node === undefined) {
    throw new QuestionError('NOT_FOUND', `The snapshot holds no node "${nodeName}".`);
  }
  if (settings.mode === 'iptables') return iptablesProgram({ cluster, node, family, settings });
  throw new QuestionError(
    'UNSUPPORTED',
    `The kube-proxy of node "${nodeName}" runs in ${settings.mode} mode; this version answers for iptables mode only.`,
  );
}
