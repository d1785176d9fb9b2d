/** Several objects at once, and the laws of apply: twice is unchanged, the manifest of before undoes. */
import fc from 'fast-check';
import t from 'tap';
import { LAST_APPLIED } from '../../src/api-server/note.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { AppliedObject } from '../../src/contract/answers.js';
import { answerApply } from '../../src/questions/apply/answer-apply.js';

type Fields = Readonly<Record<string, unknown>>;

const NODE = {
  kind: 'Node',
  apiVersion: 'v1',
  metadata: { name: 'n1' },
  status: { nodeInfo: { kubeletVersion: 'v1.36.4' } },
};

function ask(items: readonly Fields[], ...changes: readonly Fields[]): readonly AppliedObject[] {
  const snapshot = { inline: { kind: 'List', items: [NODE, ...items] } };
  const request = { snapshot, at: '2026-01-01T00:00:00Z', changes } as never;
  return answerApply(request, readSnapshot(snapshot)).result.objects;
}

const words = (objects: readonly AppliedObject[]) =>
  objects
    .filter(({ kind }) => kind !== 'EndpointSlice')
    .map(({ kind, namespace, name, outcome, error }) =>
      [outcome, kind, namespace === undefined ? name : `${namespace}/${name}`, ...(error ? [error.reason] : [])].join(
        ' ',
      ),
    );

const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const service = (name: string, spec: Fields = {}, metadata: Fields = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...metadata },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});
const apply = (manifests: readonly Fields[], options: Fields = {}) => ({ apply: { manifests, ...options } });

/** An object as an earlier apply left it. */
function applied(manifest: Fields, more: Fields = {}): Fields {
  const [made] = ask([], { ...apply([manifest]), ...more });
  return made?.after as Fields;
}

t.test('objects are applied as they are: a namespace comes before what is in it', async (t) => {
  const there = ['default', 'kube-system'].map(namespace);
  const late = ask(there, apply([service('s', {}, { namespace: 'new' }), namespace('new')]));
  t.same(words(late), ['REFUSED Service new/s NotFound', 'CREATED Namespace new']);
  const early = ask(there, apply([namespace('new'), service('s', {}, { namespace: 'new' })]));
  t.same(words(early), ['CREATED Namespace new', 'CREATED Service new/s']);
  const unlisted = ask([], apply([service('s', {}, { namespace: 'new' })]));
  t.same(words(unlisted), ['CREATED Service new/s'], 'a snapshot without namespaces does not tell');
});

t.test('two objects cannot have one address or node port', async (t) => {
  const address = (name: string) => service(name, { clusterIP: '10.96.0.77' });
  const both = ask([], apply([address('a'), address('b')]));
  t.match(words(both), ['CREATED Service default/a', 'REFUSED Service default/b Invalid']);
  t.same(both.find(({ error }) => error)?.error?.causes[0]?.field, 'spec.clusterIPs');
  const port = (name: string) => service(name, { type: 'NodePort', ports: [{ port: 80, nodePort: 30123 }] });
  const ports = ask([], apply([port('a'), port('b')]));
  t.same(
    ports.find(({ error }) => error)?.error?.causes.map(({ field, reason }) => `${field} ${reason}`),
    ['spec.ports[0].nodePort FieldValueInvalid'],
  );
});

t.test('prune deletes what was applied, is selected and is in no manifest', async (t) => {
  const labels = { app: 'shop' };
  const mine = applied(service('old', {}, { labels }));
  const other = applied(service('other', {}, { labels: { app: 'else' } }));
  const { metadata: { annotations: _none, ...bare } = {} as Fields, ...rest } = applied(
    service('byhand', {}, { labels }),
  ) as { metadata?: Fields };
  const byHand = { ...rest, metadata: bare };
  const config = applied({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', labels }, data: {} });
  const items = [mine, other, byHand, config];
  const prune = { selector: 'app=shop' };
  const done = ask(items, apply([service('new', {}, { labels }), service('skipped')], { prune }));
  t.same(words(done).sort(), [
    'CREATED Service default/new',
    'DELETED ConfigMap default/c',
    'DELETED Service default/old',
  ]);
  const only = ask(
    items,
    apply([service('new', {}, { labels })], { prune: { ...prune, allowlist: ['core/v1/Service'] } }),
  );
  t.same(words(only).sort(), ['CREATED Service default/new', 'DELETED Service default/old']);
  const kept = ask(
    items,
    apply([service('old', {}, { labels })], { prune: { ...prune, allowlist: ['core/v1/Service'] } }),
  );
  t.same(words(kept), ['UNCHANGED Service default/old']);
  const refused = ask(items, apply([service('new', { type: 'x' }, { labels })], { prune }));
  t.same(words(refused), ['REFUSED Service default/new Invalid'], 'kubectl prunes nothing where something is refused');
  const wrong = { code: 'IMPOSSIBLE_CHANGE', problems: [{ pointer: '/changes/0/apply/prune/selector' }] };
  t.throws(() => ask(items, apply([service('new')], { prune: { selector: '=' } })), wrong);
});

t.test('objects of any kind are deleted', async (t) => {
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'p', namespace: 'shop' },
    spec: { podSelector: {} },
  };
  const items = [namespace('shop'), applied(service('s', {}, { namespace: 'shop' })), policy];
  const gone = (kind: string, name: string, scope?: string) =>
    words(ask(items, { delete: { kind, name, ...(scope === undefined ? {} : { namespace: scope }) } }));
  t.same(gone('NetworkPolicy', 'p', 'shop'), ['DELETED NetworkPolicy shop/p']);
  t.same(gone('Namespace', 'shop').sort(), [
    'DELETED Namespace shop',
    'DELETED NetworkPolicy shop/p',
    'DELETED Service shop/s',
  ]);
  t.match(gone('ConfigMap', 'none', 'shop'), [/^REFUSED ConfigMap shop\/none NotFound/]);
});

t.test('server-side: fields of others are conflicts, unless they are forced', async (t) => {
  const before = ask([], apply([service('web', { sessionAffinity: 'None' })], { serverSide: true }))[0]
    ?.after as Fields;
  const managedFields = [
    {
      manager: 'operator',
      operation: 'Update',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { 'f:sessionAffinity': {} } },
    },
  ];
  const item = { ...before, metadata: { ...(before.metadata as Fields), managedFields } };
  const wanted = service('web', { sessionAffinity: 'ClientIP' });
  const [conflict] = ask([item], apply([wanted], { serverSide: true }));
  t.match(conflict, {
    outcome: 'REFUSED',
    error: {
      reason: 'Conflict',
      causes: [
        {
          field: '.spec.sessionAffinity',
          reason: 'FieldManagerConflict',
          message: 'conflict with "operator" using v1',
        },
      ],
    },
  });
  const [forced] = ask([item], apply([wanted], { serverSide: true, force: true }));
  t.match(forced, { outcome: 'CONFIGURED', after: { spec: { sessionAffinity: 'ClientIP' } } });
  const twice = ask([item], apply([wanted], { serverSide: true, force: true }), apply([wanted], { serverSide: true }));
  t.match(twice, [{ outcome: 'CONFIGURED' }], 'what was forced is its own');
  t.throws(
    () => ask([item], apply([wanted], { force: true })),
    { code: 'IMPOSSIBLE_CHANGE' },
    'force is for serverSide',
  );
});

const text = fc.constantFrom('a', 'b', 'web');
const spec = fc.record(
  {
    type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
    selector: fc.dictionary(text, text, { minKeys: 1, maxKeys: 2 }),
    ports: fc.uniqueArray(
      fc.record({ name: fc.constantFrom('http', 'dns', 'x'), port: fc.integer({ min: 1, max: 5 }) }),
      // kubectl merges ports by number alone: of two with one number it loses some.
      { comparator: (a, b) => a.name === b.name || a.port === b.port, minLength: 1, maxLength: 3 },
    ),
    sessionAffinity: fc.constantFrom('None', 'ClientIP'),
    publishNotReadyAddresses: fc.constant(true),
  },
  { requiredKeys: ['ports'] },
);
// A map that is empty in a manifest is never there: kubectl sends it each time.
const manifest = fc.tuple(spec, fc.dictionary(text, text, { minKeys: 1, maxKeys: 2 })).map(([one, labels]) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', labels },
  spec: one,
}));

/** What the API server keeps though the manifest that asked for it is gone: what it allocated, and the status. */
function withoutKept(value: unknown): unknown {
  const {
    spec: own,
    metadata,
    status: _status,
    ...rest
  } = value as {
    readonly spec: Fields;
    readonly metadata: Fields;
    readonly status: unknown;
  };
  const { [LAST_APPLIED]: _note, ...annotations } = (metadata.annotations ?? {}) as Fields;
  const ports = (own.ports as readonly Fields[]).map(({ nodePort: _port, ...port }) => port);
  return { ...rest, metadata: { ...metadata, annotations }, spec: { ...own, ports, healthCheckNodePort: undefined } };
}

t.test('applying twice is unchanged, applying the manifest of before undoes', async (t) => {
  for (const options of [{}, { serverSide: true }]) {
    fc.assert(
      fc.property(manifest, manifest, (first, second) => {
        const [made] = ask([], apply([first], options));
        if (made?.outcome !== 'CREATED') return;
        const steps = [apply([first], options), apply([second], options), apply([first], options)];
        const [alone] = ask([], apply([first], options), apply([first], options));
        t.equal(alone?.outcome, 'CREATED', 'the second time changes nothing');
        const [again] = ask([made.after as Fields], apply([first], options));
        if (Object.keys(options).length === 0) t.equal(again?.outcome, 'UNCHANGED');
        const [, refused] = [0, ask([], ...steps).find(({ outcome }) => outcome === 'REFUSED')];
        if (refused !== undefined) return;
        const [back] = ask([], ...steps);
        t.strictSame(withoutKept(back?.after), withoutKept(made.after));
      }),
      { numRuns: 60 },
    );
  }
});
