/** The pods of a workload that a change is looked at by: one for all that policies treat alike before and after it. */
import t from 'tap';
import { namespacedName } from '../../src/cluster/objects.js';
import type { Change, QuestionRequest } from '../../src/contract/requests.js';
import { prepare } from '../../src/questions/prepare.js';
import { workloadsOnBothSides } from '../../src/questions/reach/workloads-on-both-sides.js';
import { networkPolicy, policedSnapshot } from '../support/policed-cluster.js';

const ROLE = { podSelector: { matchLabels: { role: 'client' } } };
const BY_ROLE = networkPolicy('by-role', {
  podSelector: { matchLabels: { app: 'db' } },
  policyTypes: ['Ingress'],
  ingress: [{ from: [ROLE] }],
});
const labelled = (name: string, role: string | null): Change => ({
  patch: { kind: 'Pod', namespace: 'shop', name, patch: { metadata: { labels: { role } } } },
});

/** The pods of shop/web that are looked at, each with its label before and after. */
function looked(earlier: readonly Change[], later: readonly Change[]) {
  const snapshot = policedSnapshot({ policies: [BY_ROLE] });
  const at = (changes: readonly Change[]) => prepare({ changes } as unknown as QuestionRequest, snapshot).cluster;
  const all = workloadsOnBothSides(at(earlier), at([...earlier, ...later]));
  const web = all.find(({ name }) => name === 'StatefulSet shop/web');
  const role = (labels: Readonly<Record<string, string>> | undefined) => labels?.role ?? '-';
  return web?.pods.map(
    ({ was, is }) => `${namespacedName(is)} ${role(was.metadata.labels)} ${role(is.metadata.labels)}`,
  );
}

const ROWS: readonly (readonly [string, readonly Change[], readonly Change[], readonly string[]])[] = [
  ['all alike', [], [labelled('web-0', 'other')], ['shop/web-0 - other']],
  ['one becomes another', [], [labelled('web-1', 'client')], ['shop/web-0 - -', 'shop/web-1 - client']],
  [
    'one was unlike the first before the change alone',
    [labelled('web-1', 'client')],
    [labelled('web-1', null)],
    ['shop/web-0 - -', 'shop/web-1 client -'],
  ],
  ['all become another', [], [labelled('web-0', 'client'), labelled('web-1', 'client')], ['shop/web-0 - client']],
];

for (const [what, earlier, later, expected] of ROWS)
  t.test(what, async (t) => {
    t.same(looked(earlier, later), expected);
  });

t.test('workloads that are new are left out, a pod that is gone is not looked at', async (t) => {
  const [before, after] = [policedSnapshot(), policedSnapshot()].map(({ cluster }) => cluster);
  if (before === undefined || after === undefined) return;
  const without = (names: readonly string[]) =>
    before.with({ pods: new Map(names.map((name) => [name, undefined] as const)) });
  const names = (all: ReturnType<typeof workloadsOnBothSides>) =>
    all.flatMap(({ name, pods }) =>
      name === 'StatefulSet shop/web' ? pods.map(({ was }) => namespacedName(was)) : [],
    );
  t.same(names(workloadsOnBothSides(without(['shop/web-0', 'shop/web-1']), after)), []);
  t.same(names(workloadsOnBothSides(without(['shop/web-0']), after)), ['shop/web-1']);
});
