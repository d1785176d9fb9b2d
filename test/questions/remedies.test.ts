/** What would let a lost packet pass: each remedy delivers when it is made. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { Change, PathQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';

const snapshotOf = (name: string) => readSnapshot({ bytes: readFileSync(`examples/${name}.json`) });
const service = { namespace: 'default', name: 'nginx-svc', port: 80 };
const local: Change = { service: { namespace: 'default', name: 'nginx-svc', externalTrafficPolicy: 'Local' } };
const gone: Change = {
  pods: { namespace: 'default', names: ['nginx-deployment-6b7f675859-px5d8'], state: 'NOT_READY' },
};

interface Case {
  readonly name: string;
  readonly snapshot: string;
  readonly path: PathQuestion;
  readonly changes: readonly Change[];
  readonly what: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: 'a node without an endpoint under Local',
    snapshot: 'article-nodeport',
    path: {
      source: { external: { address: '203.0.113.7', entersAt: 'node-2' } },
      destination: { service: { ...service, via: 'NODE_PORT' } },
    },
    changes: [local, gone],
    what: ['node-1 instead of node-2', 'node-3 instead of node-2', 'externalTrafficPolicy: Cluster'],
  },
  {
    name: 'no replicas',
    snapshot: 'article',
    path: { source: { pod: 'default/client' }, destination: { service } },
    changes: [{ scale: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas: 0 } }],
    what: ['Deployment nginx-deployment with 1 replica instead of 0'],
  },
  {
    name: 'a port that the Service does not have',
    snapshot: 'article',
    path: { source: { pod: 'default/client' }, destination: { address: '192.168.251.24', port: 81 } },
    changes: [],
    what: ['port 80, which default/nginx-svc has'],
  },
  {
    name: 'nothing is lost',
    snapshot: 'article',
    path: { source: { pod: 'default/client' }, destination: { service } },
    changes: [],
    what: [],
  },
];

t.test('remedies deliver', async (t) => {
  for (const { name, snapshot, path, changes, what } of CASES) {
    const { result } = ask('path', { path, changes }, snapshotOf(snapshot));
    const remedies = result.remedies ?? [];
    t.same(
      remedies.map((one) => one.what),
      what,
      name,
    );
    for (const { change, outcome } of remedies) {
      t.match(outcome, /^Delivered: /);
      if (change === undefined) continue;
      const again = ask('path', { path, changes: [...changes, change] }, snapshotOf(snapshot));
      t.ok(
        again.result.traces.every(({ verdict }) => verdict === 'DELIVERED'),
        `${name}: ${JSON.stringify(change)}`,
      );
    }
  }
});
