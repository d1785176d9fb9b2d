import { closestNames } from '../base/did-you-mean.js';
import { QuestionError } from '../base/errors.js';
import { nodeZone } from '../cluster/lookup.js';
import type { ChangeKind } from './change.js';
import { actOnNodes, MOVING_ACTIONS } from './node-out.js';
import { impossible } from './refused-change.js';

/**
 * `zone`: all nodes of a zone are cordoned, drained, fail or leave, at once: no pod moves from one of them to another.
 */
export const zone: ChangeKind<'zone'> = {
  key: 'zone',
  schema: 'ZoneChange',
  summary: 'all nodes of a zone are cordoned, drained, fail or leave at once',
  example: { name: 'europe-west1-c', action: 'FAIL' },
  describe: ({ name, action, reschedule }) =>
    `zone ${name}: ${action}${reschedule === false ? ', pods do not come back' : ''}`,
  apply(cluster, { name, action, reschedule }, context, pointer) {
    if (reschedule !== undefined && !MOVING_ACTIONS.includes(action)) {
      throw impossible(`${pointer}/reschedule`, `No pod leaves its node with ${action}; leave reschedule out.`);
    }
    const all = [...cluster.nodes.values()];
    const nodes = all.filter((node) => nodeZone(node) === name);
    if (nodes.length === 0) {
      const zones = [...new Set(all.flatMap((node) => nodeZone(node) ?? []))].sort();
      const near = closestNames(name, zones);
      const hint =
        zones.length === 0
          ? 'No node has a label topology.kubernetes.io/zone.'
          : near.length > 0
            ? `Did you mean ${near.join(', ')}?`
            : `The nodes are in ${zones.join(', ')}.`;
      const detail = `No node is in zone "${name}". ${hint}`;
      throw new QuestionError('NOT_FOUND', detail, [{ pointer: `${pointer}/name`, in: 'request', detail }]);
    }
    if (action === 'REMOVE' && nodes.length === all.length) {
      const detail = `All ${all.length} nodes are in zone ${name}: a cluster without nodes has no rules to ask about.`;
      throw impossible(`${pointer}/name`, detail);
    }
    return actOnNodes(cluster, nodes, action, reschedule, context, pointer);
  },
};
