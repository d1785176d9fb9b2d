/** A path says how many endpoints are reached, however many ways lead there and however many traces are left out. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { lab, labList } from '../support/lab.js';

const asked = (path: object, snapshot: Parameters<typeof ask>[2]) =>
  ask('path', { path } as unknown as QuestionRequest, snapshot);
const to = (name: string, via?: string) => ({ service: { namespace: 'default', name, port: 80, ...(via && { via }) } });

t.test('several nodes lead to the same pods', async (t) => {
  const snapshot = readSnapshot({ bytes: readFileSync('examples/article-gke.json') });
  const { result, summary } = asked(
    { source: { external: {} }, destination: to('nginx-svc', 'LOAD_BALANCER') },
    snapshot,
  );
  t.equal(result.traces.length, 9);
  t.match(result.reached, { endpoints: 3, smallest: { fraction: '1/3' }, largest: { fraction: '1/3' } });
  t.match(summary, /one of 3 pods, 1\/3 each/);
});

t.test('more endpoints than traces, and what becomes of few packets is among them', async (t) => {
  const snapshot = lab({ services: [{ endpoints: [1, 2, 3] }] });
  const path = { source: { pod: 'default/client-1' }, destination: to('svc'), maxTraces: 1 };
  const whole = asked(path, snapshot);
  t.equal(whole.result.omitted?.traces, 2);
  t.equal(whole.result.reached?.endpoints, 3);
  t.match(whole.summary, /^Delivered: .*one of 3 pods, 1\/3 each/);
  // node-3 is down: its third of the connections is lost, which a short list of traces must not hide.
  const list = JSON.parse(JSON.stringify(labList({ services: [{ endpoints: [1, 2, 3] }] })));
  for (const { kind, metadata, status } of list.items)
    if (kind === 'Node' && metadata.name === 'node-3') status.conditions = [{ type: 'Ready', status: 'Unknown' }];
  const part = asked({ ...path, maxTraces: 2 }, readSnapshot({ inline: list }));
  t.same(part.result.traces.map(({ verdict }) => verdict).sort(), ['DELIVERED', 'UNREACHABLE']);
  t.match(part.summary, /^In part: 2\/3 /);
});

t.test('nothing is reached', async (t) => {
  const { result } = asked(
    { source: { pod: 'default/client-1' }, destination: to('svc') },
    lab({ services: [{ endpoints: [] }] }),
  );
  t.equal(result.reached, undefined);
});
