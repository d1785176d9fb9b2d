import type { PluginFactory } from '../plugin.js';
import { untolerated } from '../tolerations.js';

const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Refuses cordoned nodes, unless the pod tolerates the taint that cordoning stands for. */
export const nodeUnschedulable: PluginFactory = (pod) => {
  const tolerated = untolerated([TAINT], pod.spec?.tolerations, [TAINT.effect]).length === 0;
  return {
    name: 'NodeUnschedulable',
    rejectsAlways: ({ node }) =>
      node.spec?.unschedulable === true && !tolerated ? 'node(s) were unschedulable' : undefined,
  };
};
