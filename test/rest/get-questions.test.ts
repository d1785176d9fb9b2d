/** Questions by GET: the same answers as the POST that they stand for, and errors that name the parameter. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { GET_KINDS, requestOfQuery } from '../../src/rest/query-question.js';
import { ProblemError } from '../../src/work/problem.js';
import { post, QUICK, send, start } from './support.js';

const service = { namespace: 'default', name: 'nginx-svc' };
const workload = { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment' };

t.test('a question by GET is the one by POST', async (tt) => {
  const running = await start({ small: QUICK, large: QUICK, held: QUICK });
  tt.teardown(() => running.app.close());
  const body = readFileSync('examples/article.json');
  const put = await send(running, 'PUT', '/v1/snapshots/names/prod', { 'content-type': 'application/json' }, body);
  tt.equal(put.status, 201);
  await send(
    running,
    'PUT',
    '/v1/snapshots/names/prod',
    { 'content-type': 'application/json' },
    readFileSync('examples/article-nodeport.json'),
  );
  const { digest } = put.json() as unknown as { digest: string };
  const name = { name: 'prod@-1' };
  const shares = { probability: { services: [service] } };
  const table: readonly (readonly [string, string, object])[] = [
    ['probability', 'snapshot=prod@-1&to=default/nginx-svc', { snapshot: name, ...shares }],
    ['probability', `snapshot=${digest}&to=nginx-svc`, { snapshot: name, ...shares }],
    ['probability', 'snapshot=prod@-1', { snapshot: name, probability: {} }],
    [
      'probability',
      'snapshot=prod%40-1&to=svc/default/nginx-svc:80&clients=hosts',
      { snapshot: name, probability: { services: [{ ...service, port: 80 }], clients: { nodes: { from: 'HOST' } } } },
    ],
    [
      'path',
      'snapshot=prod@-1&from=client&to=nginx-svc:80'.replace('nginx-svc:80', 'svc/default/nginx-svc:80'),
      {
        snapshot: name,
        path: { source: { pod: 'default/client' }, destination: { service: { ...service, port: 80 } } },
      },
    ],
    [
      'chains',
      'snapshot=prod@-1&node=node-1&family=4&format=save',
      { snapshot: name, chains: { nodes: ['node-1'], families: ['IPv4'], format: 'SAVE' } },
    ],
    [
      'what-if',
      'snapshot=prod@-1&to=nginx-svc&scale=nginx-deployment=5&drain=node-2',
      {
        snapshot: name,
        changes: [{ scale: { ...workload, replicas: 5 } }, { node: { name: 'node-2', action: 'DRAIN' } }],
        ...shares,
      },
    ],
    [
      'what-if',
      'snapshot=prod@-1&after=prod&to=nginx-svc',
      { snapshot: name, after: { snapshot: { name: 'prod' } }, ...shares },
    ],
    [
      'sweep',
      'snapshot=prod@-1&workload=nginx-deployment&replicas=1..3',
      { snapshot: name, sweep: { scale: workload, from: 1, to: 3 } },
    ],
    [
      'check',
      'snapshot=prod@-1&after=prod&fail-on=warning',
      { snapshot: name, after: { snapshot: { name: 'prod' } }, check: { failOn: 'WARNING' } },
    ],
    [
      'inspect',
      'snapshot=prod@-1&in-namespace=default&list=services&list=objects',
      { snapshot: name, inspect: { namespaces: ['default'], lists: ['SERVICES', 'OBJECTS'] } },
    ],
  ];
  const asked = new Set<string>();
  for (const [kind, query, request] of table) {
    asked.add(kind);
    for (const form of ['', '&form=rows', '&form=text&show=all']) {
      const got = await send(running, 'GET', `/v1/${kind}?${query}${form}`);
      const posted = await post(running, `/v1/${kind}?${form.slice(1)}`, request);
      tt.equal(got.status, 200, `${kind}?${query}${form}: ${got.text.slice(0, 300)}`);
      tt.ok(got.bytes.equals(posted.bytes), `${kind}?${query}${form}`);
      tt.same(
        [got.headers['content-type'], got.headers['cache-control']],
        [posted.headers['content-type'], 'no-store'],
      );
    }
  }
  tt.same([...asked].sort(), [...GET_KINDS].sort(), 'every question that has a GET form');

  const refused: readonly (readonly [string, number, string, RegExp])[] = [
    ['probability?to=default/nginx-svc', 400, 'INVALID_REQUEST', /"snapshot" is missing/],
    ['probability?snapshot=', 400, 'INVALID_REQUEST', /"snapshot" is empty/],
    ['probability?snapshot=a%20b', 400, 'INVALID_REQUEST', /not a name/],
    ['probability?snapshot=nobody', 404, 'UNKNOWN_NAME', /nobody/],
    ['probability?snapshot=prod&too=x', 400, 'INVALID_REQUEST', /"too"\. Did you mean "to"\?/],
    ['probability?snapshot=prod&snapshot=prod', 400, 'INVALID_REQUEST', /given 2 times/],
    ['probability?snapshot=prod&to=a/b/c', 400, 'INVALID_REQUEST', /^to is svc/],
    ['probability?snapshot=prod&to=default/nothing', 422, 'NOT_FOUND', /nothing/],
    ['probability?snapshot=prod&clients=everybody/x/y/z', 400, 'INVALID_REQUEST', /^clients is/],
    ['probability?snapshot=prod&family=5', 400, 'INVALID_REQUEST', /^family is/],
    ['probability?snapshot=prod&form=xml', 400, 'INVALID_REQUEST', /./],
    ['probability?snapshot=prod&external-traffic-policy=Local', 400, 'INVALID_REQUEST', /changes the Service of "to"/],
    ['path?snapshot=prod&to=default/nginx-svc', 400, 'INVALID_REQUEST', /"from" is missing/],
    ['sweep?snapshot=prod&workload=nginx-deployment&replicas=3-5', 400, 'INVALID_REQUEST', /"replicas" is/],
    ['what-if?snapshot=prod&to=nginx-svc', 400, 'INVALID_REQUEST', /changes/],
    ['inspect?snapshot=prod&list=nothing', 400, 'INVALID_REQUEST', /^list is services, objects/],
    ['probability?snapshot=prod&at=yesterday', 400, 'INVALID_REQUEST', /./],
    ['probability', 405, 'METHOD_NOT_ALLOWED', /is in the query/],
    ['reach?snapshot=prod', 405, 'METHOD_NOT_ALLOWED', /./],
  ];
  for (const [path, status, code, detail] of refused) {
    const reply = await send(running, 'GET', `/v1/${path}`);
    tt.same([reply.status, reply.json().code], [status, code], `${path}: ${reply.text}`);
    tt.match(reply.json().detail, detail, path);
  }
});

t.test('times with a plus, changes of policies, and namespaces', async (tt) => {
  tt.same(requestOfQuery('probability', { snapshot: 'prod@2026-11-29T06:00:00 02:00' }).snapshot, {
    name: 'prod@2026-11-29T06:00:00+02:00',
  });
  tt.same(
    requestOfQuery('probability', {
      snapshot: 'prod',
      to: 'web',
      namespace: 'shop',
      'external-traffic-policy': 'Local',
    }),
    {
      snapshot: { name: 'prod' },
      changes: [{ service: { namespace: 'shop', name: 'web', externalTrafficPolicy: 'Local' } }],
      probability: { services: [{ namespace: 'shop', name: 'web' }] },
    },
  );
});

t.test('the history of a name', async (tt) => {
  const running = await start({ small: QUICK, large: QUICK, held: QUICK });
  tt.teardown(() => running.app.close());
  const list = JSON.parse(readFileSync('examples/three-zones.json', 'utf8')) as { items: { kind: string }[] };
  const put = async (items: readonly unknown[], force = '') => {
    const body = JSON.stringify({ ...list, items });
    const reply = await send(
      running,
      'PUT',
      `/v1/snapshots/names/prod${force}`,
      { 'content-type': 'application/json' },
      body,
    );
    tt.equal(reply.status, 201, reply.text);
  };
  await put(list.items);
  await put([...list.items].reverse());
  await put(
    list.items.filter(({ kind }) => kind !== 'Service'),
    '?force',
  );
  const ask = (query: string) => send(running, 'GET', `/v1/snapshots/names/prod/history${query}`);
  const history = await ask('?to=default/web');
  tt.equal(history.status, 200, history.text);
  const { points } = history.json() as unknown as { points: Record<string, unknown>[] };
  tt.match(points, [
    {
      sequence: 1,
      service: 'default/web',
      via: 'CLUSTER_IP',
      endpoints: 3,
      delivered: { value: 1 },
      notDelivered: { fraction: '0', value: 0 },
      crossZone: { fraction: '2/3' },
      imbalance: { value: 1 },
    },
    { sequence: 2, service: 'default/web' },
    { sequence: 3, problem: { code: 'NOT_FOUND', detail: /web/ } },
  ]);
  tt.equal(points.length, 3);
  tt.same((await ask('?to=default/web')).json(), history.json(), 'what is remembered is the same');
  tt.equal(((await ask('?to=web&versions=1')).json() as unknown as { points: object[] }).points.length, 1);
  for (const [query, status, code, detail] of [
    ['', 400, 'INVALID_REQUEST', /"to" is missing/],
    ['?to=web&versions=0', 400, 'INVALID_REQUEST', /from 1 to 100/],
    ['?to=web&snapshot=prod', 400, 'INVALID_REQUEST', /leave "snapshot" out/],
    ['?to=a/b/c', 400, 'INVALID_REQUEST', /^to is svc/],
    ['?to=web&from=x', 400, 'INVALID_REQUEST', /"from"/],
  ] as const) {
    const reply = await ask(query);
    tt.same([reply.status, reply.json().code], [status, code], query);
    tt.match(reply.json().detail, detail, query);
  }
  const unknown = await send(running, 'GET', '/v1/snapshots/names/nobody/history?to=web');
  tt.equal(unknown.json().code, 'UNKNOWN_NAME');
  tt.equal((await send(running, 'POST', '/v1/snapshots/names/prod/history')).status, 405);
});

t.test('whatever is in a query is a question or an error with its reason', async (tt) => {
  const word = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom(
      'prod',
      'prod@-1',
      'shop/web',
      'svc/shop/web:80',
      'node/a',
      'a=4',
      'a=',
      '=',
      '1..3',
      '4',
      'Local',
      '__proto__',
      'constructor',
      '[::1]:80',
      '%',
    ),
  );
  const name = fc.oneof(
    fc.constantFrom(
      'snapshot',
      'after',
      'at',
      'namespace',
      'to',
      'from',
      'via',
      'to-node',
      'clients',
      'protocol',
      'family',
      'scale',
      'drain',
    ),
    fc.constantFrom(
      'fail',
      'external-traffic-policy',
      'workload',
      'replicas',
      'service',
      'node',
      'list',
      'in-namespace',
      'fail-on',
      'max-services',
    ),
    fc.constantFrom('group-by', 'max-traces', 'chain', 'format', 'form', '__proto__', 'toString'),
  );
  const queries = fc.array(fc.tuple(name, fc.oneof(word, fc.array(word, { maxLength: 3 }))), { maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...GET_KINDS), queries, (kind, entries) => {
      const query = Object.fromEntries([['snapshot', 'prod'], ...entries]);
      try {
        const request = requestOfQuery(kind, query);
        return JSON.stringify(request).length > 0 && 'snapshot' in request;
      } catch (error) {
        return (error instanceof ProblemError || error instanceof QuestionError) && error.message !== '';
      }
    }),
    { numRuns: 2000 },
  );
  tt.pass();
});
