/** Findings about the load of pods. */
import { DOOR, entry, PORT } from './code-entry.js';

export const LOAD_CODES = {
  OVER_CAPACITY: entry(
    'STATE',
    'WARNING',
    'With a larger chance than `maxChance` some pod of a Service port is over its capacity under the ' +
      'traffic that the question says; ERROR where it is for certain, or in the mean.',
    [...DOOR, 'chance', 'maxChance', 'capacity', 'hottest', 'before'],
  ),
  IDLE_PODS: entry(
    'STATE',
    'INFO',
    'At least one pod of a Service port has no connection in the mean, under the traffic that the question says.',
    [...DOOR, 'expectedIdle', 'pods', 'before'],
  ),
  CONNECTION_PINNING: entry(
    'STATE',
    'WARNING',
    'A Service port has fewer connections than pods, and connections stay on their pods: some pods get ' +
      'nothing, and more replicas relieve nobody.',
    [...DOOR, 'connections', 'pods', 'before'],
  ),
  LOSS_NOT_SURVIVABLE: entry(
    'STATE',
    'WARNING',
    'When a zone or a node is lost, the pods that are left of a Service port are over their capacity under ' +
      'the traffic that the question says.',
    [...DOOR, 'lost', 'chance', 'hottest', 'before'],
  ),
  ROLLOUT_BELOW_CAPACITY: entry(
    'STATE',
    'WARNING',
    'While a workload behind a Service port is rolled out, with the fewest pods that its strategy leaves, ' +
      'pods are over their capacity under the traffic that the question says.',
    [...DOOR, 'lost', 'chance', 'hottest', 'before'],
  ),
  AUTOSCALER_BLIND: entry(
    'STATE',
    'WARNING',
    'A HorizontalPodAutoscaler looks at the average of its pods, and a pod is above the target beside it: it ' +
      'adds no replica for that pod, or more replicas would not relieve it.',
    [...PORT, 'autoscaler', 'averagePercent', 'hottestPercent', 'targetPercent', 'replicas', 'desired', 'before'],
  ),
} as const;
