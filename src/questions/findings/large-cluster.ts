/** The number of endpoints from which kube-proxy writes its rules without comments. */
import { FAMILIES } from '../../cluster/settings.js';
import { serviceMap } from '../../proxy/service-map.js';
import type { DifferenceFinder, View } from './finders.js';
import { finding } from './finding.js';
import { workingNodes } from './service-facts.js';

/** pkg/proxy/iptables/proxier.go, largeClusterEndpointsThreshold. */
const LIMIT = 1000;

/** The endpoints that kube-proxy counts, in the family that has most; 0 where no node runs it in iptables mode. */
function endpointsOf({ cluster, settings }: View): number {
  if (settings.unsupportedDataplane !== undefined) return 0;
  const node = workingNodes(cluster).find(({ metadata }) => settings.proxyOf(metadata.name).mode === 'iptables');
  if (node === undefined) return 0;
  const proxy = settings.proxyOf(node.metadata.name);
  return Math.max(...FAMILIES.map((family) => serviceMap(cluster, family, proxy).endpointTotal));
}

/**
 * A change that takes the cluster over the limit, or back: comments of rules disappear or return, and nothing else
 * follows.
 */
export const commentsChanged: DifferenceFinder = (before, after) => {
  const [was, is] = [endpointsOf(before), endpointsOf(after)];
  if (was > LIMIT === is > LIMIT) return [];
  const what = is > LIMIT ? 'leaves out' : 'writes';
  const message =
    `The cluster has ${is} endpoints, it had ${was}: with more than ${LIMIT} kube-proxy leaves out the ` +
    `comments of its Services' rules, so it ${what} them now. The rules themselves stay as they are.`;
  return [finding('RULE_COMMENTS_CHANGE', message, { endpoints: { before: was, after: is }, limit: LIMIT })];
};
