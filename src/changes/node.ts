import { requireNode } from '../cluster/lookup.js';
import type { ChangeKind } from './change.js';
import { addNode } from './node-add.js';
import { actOnNodes, MOVING_ACTIONS } from './node-out.js';
import { impossible } from './refused-change.js';

/** `node`: a node is cordoned, drained, fails, leaves or joins, with what becomes of its pods and of hints. */
export const node: ChangeKind<'node'> = {
  key: 'node',
  schema: 'NodeChange',
  summary: 'a node is cordoned, drained, fails, leaves or joins',
  example: { name: 'node-2', action: 'DRAIN' },
  describe: ({ name, action, reschedule }) =>
    `node ${name}: ${action}${reschedule === false ? ', pods do not come back' : ''}`,
  apply(cluster, change, context, pointer) {
    const { name, action, reschedule } = change;
    if (change.node !== undefined && action !== 'ADD') {
      throw impossible(`${pointer}/node`, `node describes a node that is added; with ${action} leave it out.`);
    }
    if (reschedule !== undefined && !MOVING_ACTIONS.includes(action)) {
      throw impossible(`${pointer}/reschedule`, `No pod leaves its node with ${action}; leave reschedule out.`);
    }
    if (action === 'ADD') return addNode(cluster, name, change.node ?? {}, context, pointer);
    const found = requireNode(cluster, name, `${pointer}/name`);
    if (action === 'REMOVE' && cluster.nodes.size === 1) {
      throw impossible(
        `${pointer}/name`,
        `${name} is the last node: a cluster without nodes has no rules to ask about.`,
      );
    }
    return actOnNodes(cluster, [found], action, reschedule, context, pointer);
  },
};
