/** What inspect lists beside its findings: the objects by name, and each Service in few numbers. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { ask } from '../../src/questions/ask.js';
import { render } from '../../src/reports/render.js';

const snapshotOf = (file: string) => readSnapshot({ files: [{ bytes: readFileSync(file) }] });

t.test('lists are given to those who ask for them', async (t) => {
  const { result } = ask('inspect', {}, snapshotOf('examples/shop.json'));
  t.notOk('services' in result || 'objects' in result, 'nothing by default');
});

t.test('objects by name', async (t) => {
  const snapshot = snapshotOf('examples/shop.json');
  const { objects } = ask('inspect', { inspect: { lists: ['OBJECTS'], maxServices: 0 } }, snapshot).result;
  t.equal(objects?.services.length, snapshot.cluster.services.size, 'also Services that are not asked about');
  t.equal(objects?.nodes.length, snapshot.cluster.nodes.size);
  t.equal(objects?.pods.length, snapshot.cluster.pods.size);
  for (const { namespace, name, node } of objects?.pods ?? []) {
    t.equal(snapshot.cluster.pods.get(`${namespace}/${name}`)?.spec?.nodeName, node, `${namespace}/${name}`);
  }
  const names = objects?.services.map(({ namespace, name }) => `${namespace}/${name}`) ?? [];
  t.same(names, [...names].sort(), 'sorted');
  t.ok(
    objects?.workloads.every(({ kind }) => kind !== 'Pod'),
    'pods without owners are pods alone',
  );
});

t.test('a Service in few numbers is its worst door', async (t) => {
  const snapshot = snapshotOf('examples/article-nodeport.json');
  const change = { namespace: 'default', name: 'nginx-svc', externalTrafficPolicy: 'Local' } as const;
  const away = { namespace: 'default', names: ['nginx-deployment-6b7f675859-px5d8'], state: 'NOT_READY' } as const;
  const request = { changes: [{ service: change }, { pods: away }], inspect: { lists: ['SERVICES'] } } as const;
  const answer = ask('inspect', request, snapshot);
  const web = answer.result.services?.find(({ service }) => service === 'default/nginx-svc');
  t.match(web, { endpoints: 2, notDelivered: { fraction: '1/3' }, unknown: { fraction: '0' } });
  t.match(render('inspect', answer, 'text'), /default\/nginx-svc +2 +1\/3/);
});
