/** What the HorizontalPodAutoscaler computes: each row is worked out by hand from the controller's rule. */
import t from 'tap';
import type { Pod } from '../../src/cluster/objects.js';
import {
  type CountedAs,
  countedAs,
  type MeasuredPod,
  type MetricTarget,
  replicasByMetric,
  toleranceIn,
} from '../../src/control-plane/replica-calculator.js';
import { behaviorOf, scalingSteps } from '../../src/control-plane/scaling-limits.js';

const V33 = { major: 1, minor: 33, patch: 0 };
const V32 = { major: 1, minor: 32, patch: 0 };

/** Pods that request 1000m; `u` is not ready, `m` has no metric, `x` is being deleted. */
function pods(...list: readonly (number | 'u' | 'm' | 'x')[]): readonly MeasuredPod[] {
  const kinds: Readonly<Record<string, CountedAs>> = { u: 'UNREADY', m: 'MISSING', x: 'IGNORED' };
  return list.map((one) =>
    typeof one === 'number'
      ? { countedAs: 'READY', value: one, request: 1000 }
      : { countedAs: kinds[one] as CountedAs, value: 0, request: 1000 },
  );
}

const percent = (utilization: number): MetricTarget => ({ utilization });
const each = (averageMilli: number): MetricTarget => ({ averageMilli });

const ROWS: readonly [string, readonly MeasuredPod[], number, MetricTarget, number, typeof V33?][] = [
  ['up: 50 % of 30 % is 5/3, 5 of 3', pods(300, 500, 700), 3, percent(30), 5],
  ['up, one not ready: 60 % is 2; with 0 for it 40 % is 4/3, 4 of 3', pods('u', 500, 700), 3, percent(30), 4],
  ['up, two not ready: 50 % is 5/3; with them 16 % would scale down: stays', pods('u', 500, 'u'), 3, percent(30), 3],
  ['down, one not ready: left out, 20 % of 50 % of 2 pods is 1', pods('u', 200, 200), 3, percent(50), 1],
  [
    'down, one missing counts as 100 %: (100 + 100 + 1000) / 3 = 40 % of 50 %: 3',
    pods(100, 100, 'm'),
    3,
    percent(50),
    3,
  ],
  ['down, two missing: (100 + 2000) / 3 = 70 % of 50 % would scale up: stays', pods(100, 'm', 'm'), 3, percent(50), 3],
  ['down, missing, target above 100: counts as 150 %', pods(900, 900, 900, 'm'), 4, percent(150), 3],
  ['up, one missing counts as 0: 1600 / 3 = 53 % of 30 %: 6', pods(800, 800, 'm'), 3, percent(30), 6],
  ['at exactly 100 % of the target missing pods change nothing', pods(500, 'm'), 2, percent(50), 2],
  ['being deleted: neither counts: 60 % of 30 % of 2 pods is 4', pods(600, 600, 'x'), 2, percent(30), 4],
  ['by ready pods, not by current ones: 40 % of 50 % of 2 of 10', pods(400, 400), 10, percent(50), 2],
  ['ratio 1.1 is inside from 1.33 on', pods(550, 550), 2, percent(50), 2, V33],
  ['ratio 1.1 is outside up to 1.32', pods(550, 550), 2, percent(50), 3, V32],
  ['ratio 0.9 is inside in both', pods(450, 450), 2, percent(50), 2, V32],
  ['cut, not rounded: 66.67 % is 66 %', pods(667, 666, 667), 3, percent(60), 3],
  ['plain: 20 of 10 each', pods(20, 20, 20), 3, each(10), 6],
  ['plain, down, missing counts as the target: (2 + 2 + 10) / 3 = 4 of 10: 2', pods(2, 2, 'm'), 3, each(10), 2],
  ['plain, up, missing counts as 0: 40 / 3 = 13 of 10: 4', pods(20, 20, 'm'), 3, each(10), 4],
  ['plain, up, not ready counts as 0: 40 / 4 = 10 of 10: stays', pods(20, 20, 'u', 'u'), 4, each(10), 4],
];

t.test('the replicas of one metric', async (t) => {
  for (const [about, of, current, target, wanted, version = V33] of ROWS) {
    t.equal(replicasByMetric(of, current, target, toleranceIn(version))?.replicas, wanted, about);
  }
  t.equal(replicasByMetric(pods('u', 'm'), 2, percent(50), toleranceIn(V33)), undefined, 'nobody has a metric');
  const none = [...pods(100), { countedAs: 'READY', value: 100 } as const];
  t.equal(replicasByMetric(none, 2, percent(50), toleranceIn(V33)), undefined, 'a pod without a request');
  t.equal(replicasByMetric(pods(540), 1, percent(50), toleranceIn(V33, 0.05))?.replicas, 2, 'a tolerance of its own');
  t.equal(replicasByMetric(pods(460), 1, percent(50), toleranceIn(V33, 0, 0.1))?.replicas, 1, 'one for each direction');
});

t.test('how a pod counts', async (t) => {
  const at = Date.parse('2026-01-01T12:00:00Z');
  const pod = (started: string, ready: string | undefined, turned: string, more: object = {}, meta: object = {}) =>
    ({
      kind: 'Pod',
      metadata: { name: 'p', ...meta },
      status: {
        phase: 'Running',
        startTime: `2026-01-01T${started}Z`,
        conditions:
          ready === undefined ? [] : [{ type: 'Ready', status: ready, lastTransitionTime: `2026-01-01T${turned}Z` }],
        ...more,
      },
    }) as unknown as Pod;
  const rows: readonly [string, Pod, CountedAs, CountedAs][] = [
    ['ready for long', pod('10:00:00', 'True', '10:00:10'), 'READY', 'READY'],
    ['started a minute ago and ready', pod('11:59:00', 'True', '11:59:20'), 'READY', 'READY'],
    ['ready for less than a window of metrics', pod('11:59:00', 'True', '11:59:50'), 'UNREADY', 'READY'],
    ['within 5 minutes and not ready', pod('11:56:00', 'False', '11:56:50'), 'UNREADY', 'READY'],
    ['never ready, for long', pod('11:00:00', 'False', '11:00:05'), 'UNREADY', 'READY'],
    ['was ready, is not any more', pod('11:00:00', 'False', '11:40:00'), 'READY', 'READY'],
    ['no condition', pod('11:00:00', undefined, ''), 'UNREADY', 'READY'],
    ['pending', pod('11:00:00', 'False', '11:00:00', { phase: 'Pending' }), 'UNREADY', 'UNREADY'],
    ['failed', pod('11:00:00', 'False', '11:00:00', { phase: 'Failed' }), 'IGNORED', 'IGNORED'],
    [
      'being deleted',
      pod('11:00:00', 'True', '11:00:00', {}, { deletionTimestamp: '2026-01-01T12:00:10Z' }),
      'IGNORED',
      'IGNORED',
    ],
    [
      'its container waits',
      pod('11:00:00', 'False', '11:40:00', { containerStatuses: [{ name: 'c', state: { waiting: {} } }] }),
      'MISSING',
      'MISSING',
    ],
  ];
  for (const [about, of, cpu, other] of rows) {
    t.equal(countedAs(of, { at, atOnce: true }, true), cpu, about);
    t.equal(countedAs(of, { at, atOnce: true }, false), other, `${about}, for another metric than CPU`);
  }
  t.equal(countedAs(rows[2]?.[1] as Pod, { at, atOnce: false }, true), 'READY', 'after a while its sample is whole');
});

t.test('windows and policies', async (t) => {
  const bounds = { minReplicas: 1, maxReplicas: 100 };
  const course = (behavior: unknown, current: number, wanted: number, of = bounds) =>
    scalingSteps(behaviorOf(behavior), current, wanted, of).map(({ afterSeconds, replicas }) => [
      afterSeconds,
      replicas,
    ]);
  t.same(
    course(undefined, 1, 30),
    [
      [0, 5],
      [15, 10],
      [30, 20],
      [45, 30],
    ],
    'up: the larger of 4 pods and 100 %',
  );
  t.same(course(undefined, 30, 3), [[300, 3]], 'down: all at once, after 300 s');
  t.same(course({ scaleUp: { stabilizationWindowSeconds: 60 } }, 4, 6), [[60, 6]]);
  const slowly = {
    scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }] },
  };
  t.same(
    course(slowly, 80, 60),
    [
      [0, 72],
      [60, 64],
      [120, 60],
    ],
    '10 % a minute: 72, 64.8 cut to 64',
  );
  const both = { type: 'Pods', value: 2, periodSeconds: 30 };
  const least = {
    scaleUp: { selectPolicy: 'Min', policies: [both, { type: 'Percent', value: 100, periodSeconds: 30 }] },
  };
  t.same(
    course(least, 3, 8),
    [
      [0, 5],
      [30, 7],
      [60, 8],
    ],
    'the smaller of 2 pods and 100 %',
  );
  t.same(course({ scaleDown: { selectPolicy: 'Disabled' } }, 8, 2), []);
  t.same(course(undefined, 200, 150), [[0, 100]], 'above its bounds: at once');
  t.same(course(undefined, 2, 2, { minReplicas: 5, maxReplicas: 9 }), [[0, 5]], 'below its bounds: at once');
});
