/** what-if: both sides are the plain answers, and what is reported between them is exact. */
import { applyPatch } from 'diff';
import fc from 'fast-check';
import t from 'tap';
import { add, equals, fraction, ONE } from '../../src/base/fraction.js';
import {
  addSigned,
  formatSigned,
  NO_SHIFT,
  negate,
  parseSigned,
  type SignedFraction,
  shiftOf,
  signedToDecimal,
  signedToNumber,
} from '../../src/base/signed-fraction.js';
import type { Snapshot } from '../../src/cluster/read-snapshot.js';
import type {
  ChainsWhatIf,
  EstablishedShares,
  PathWhatIf,
  ProbabilityWhatIf,
  Shift,
} from '../../src/contract/answers.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { unifiedDiff } from '../../src/questions/differences/unified.js';
import type { PlainKind } from '../../src/questions/kinds.js';
import { lab, labList } from '../support/lab.js';
import { runs } from '../support/runs.js';
import { zones, zonesList } from '../support/zones.js';

const WEB = { namespace: 'default', name: 'web' };
const scale = (replicas: number) => ({ scale: { kind: 'Deployment', ...WEB, replicas } as const });
const CLIENT = { pod: 'default/web-h1-zone-a-1' };

const QUESTIONS: Readonly<Record<PlainKind, Pick<QuestionRequest, PlainKind>>> = {
  chains: { chains: {} },
  path: { path: { source: CLIENT, destination: { service: WEB } } },
  probability: { probability: { services: [WEB] } },
};

function probabilityOf(request: QuestionRequest, snapshot: Snapshot, after?: Snapshot): ProbabilityWhatIf {
  const { result } = ask('what-if', { probability: {}, ...request }, snapshot, after);
  if (result.question !== 'probability') throw new Error(result.question);
  return result;
}

function pathOf(request: QuestionRequest, snapshot: Snapshot, after?: Snapshot): PathWhatIf {
  const { result } = ask('what-if', request, snapshot, after);
  if (result.question !== 'path') throw new Error(result.question);
  return result;
}

function chainsOf(request: QuestionRequest, snapshot: Snapshot, after?: Snapshot): ChainsWhatIf {
  const { result } = ask('what-if', { chains: {}, ...request }, snapshot, after);
  if (result.question !== 'chains') throw new Error(result.question);
  return result;
}

const signed = (text: string) => parseSigned(text) as SignedFraction;
const sumOf = (shifts: readonly { readonly shift: Shift }[]) =>
  formatSigned(shifts.reduce((sum, { shift }) => addSigned(sum, signed(shift.fraction)), NO_SHIFT));
const shares = ({ kept, lost, lostEndpoints }: Partial<EstablishedShares>) => [
  kept?.fraction,
  lost?.fraction,
  lostEndpoints?.map(({ pod }) => pod),
];

t.test('signed fractions are exact', async (t) => {
  const part = fc
    .tuple(fc.bigInt(0n, 10n ** 30n), fc.bigInt(1n, 10n ** 30n))
    .map(([n, d]) => fraction(n < d ? n : d, d));
  fc.assert(
    fc.property(part, part, part, (a, b, c) => {
      const [ab, bc, ac] = [shiftOf(a, b), shiftOf(b, c), shiftOf(a, c)];
      t.same(addSigned(ab, bc), ac, 'the way over b is the way from a to c');
      t.same(addSigned(ab, shiftOf(b, a)), NO_SHIFT);
      t.same(negate(ab), shiftOf(b, a));
      t.same(parseSigned(formatSigned(ab)), ab);
      t.ok(ab.negative ? equals(add(b, ab.size), a) : equals(add(a, ab.size), b));
    }),
    { numRuns: runs(40) },
  );
  const third = shiftOf(ONE, fraction(2, 3));
  t.same([formatSigned(third), signedToNumber(third), signedToDecimal(third, 2)], ['-1/3', -1 / 3, '-0.33']);
  t.same([signedToDecimal(NO_SHIFT, 1), signedToDecimal(shiftOf(fraction(0), ONE), 0)], ['+0.0', '+1']);
  for (const text of ['', '-', '1/0', '--1', '+1', '1/-2', '0.5']) t.equal(parseSigned(text), undefined, text);
});

t.test('unified diffs make the one text of the other', async (t) => {
  const names = { before: 'before', after: 'after' };
  const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');
  const line = fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.nat(40).map(String));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.array(line, { maxLength: 40 }), (a, b) => {
      const [before, after] = [text(a), text(b)];
      const diff = unifiedDiff(before, after, names);
      t.equal(diff === '', before === after);
      if (diff !== '') t.equal(applyPatch(before, diff), after, diff);
    }),
    { numRuns: runs(80) },
  );
  const ten = Array.from({ length: 10 }, (_, index) => `line ${index}`);
  t.equal(
    unifiedDiff(text(ten), text(ten.toSpliced(1, 1, 'new').toSpliced(9, 1)), names),
    // What diff -u of GNU diffutils prints.
    '--- before\n+++ after\n@@ -1,5 +1,5 @@\n line 0\n-line 1\n+new\n line 2\n line 3\n line 4\n' +
      '@@ -7,4 +7,3 @@\n line 6\n line 7\n line 8\n-line 9\n',
  );
  t.equal(unifiedDiff('', 'x\n', names), '--- before\n+++ after\n@@ -0,0 +1 @@\n+x\n');
  const long = (word: string) => text(Array.from({ length: 30_000 }, (_, index) => `${word} ${index}`));
  t.equal(applyPatch(long('x'), unifiedDiff(long('x'), long('y'), names)), long('y'), 'nothing in common, and quick');
});

/** Pods per zone, replicas afterwards, endpoint shifts in order, verdict shifts, and what becomes of connections. */
const SCALED = [
  [[1, 1, 1], 4, ['-1/12', '-1/12', '-1/12', '1/4'], ['DELIVERED 0'], '1', 0],
  [[1, 1, 1], 2, ['1/6', '1/6', '-1/3'], ['DELIVERED 0'], '2/3', 1],
  [[2, 1], 1, ['2/3', '-1/3', '-1/3'], ['DELIVERED 0'], '1/3', 2],
  [[1, 1], 0, ['-1/2', '-1/2'], ['DELIVERED -1', 'REJECTED/NO_ENDPOINTS 1'], '0', 2],
  [[0, 0], 2, ['1/2', '1/2'], ['REJECTED/NO_ENDPOINTS -1', 'DELIVERED 1'], '0', 0],
] as const;

t.test('scaling shifts shares and loses connections of pods that go', async (t) => {
  for (const [pods, replicas, endpoints, verdicts, kept, lost] of SCALED) {
    const { difference, established } = probabilityOf(
      { ...QUESTIONS.probability, changes: [scale(replicas)] },
      zones({ pods }),
    );
    const name = `${pods} → ${replicas}`;
    const [service] = difference.services;
    const sorted = (texts: readonly string[]) => [...texts].sort();
    t.same(sorted((service?.endpoints ?? []).map(({ shift }) => shift.fraction)), sorted(endpoints), name);
    t.same(
      (service?.verdicts ?? []).map(
        ({ verdict, cause, shift }) => `${verdict}${cause === undefined ? '' : `/${cause}`} ${shift.fraction}`,
      ),
      verdicts,
      name,
    );
    t.same([established.kept?.fraction, established.lostEndpoints?.length], [kept, lost], name);
    t.same(shares(service?.established ?? {}), shares(established), 'one Service: reported in both places');
  }
});

const changed = fc.record({
  pods: fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }).map((counts) => [1, ...counts]),
  replicas: fc.integer({ min: 1, max: 7 }),
  kind: fc.constantFrom<PlainKind>('chains', 'path', 'probability'),
});

t.test('both sides are the plain answers', async (t) => {
  fc.assert(
    fc.property(changed, ({ pods, replicas, kind }) => {
      const snapshot = zones({ pods });
      const request = { ...QUESTIONS[kind], changes: [scale(replicas)] };
      // A client that goes with the scale-down cannot be asked about.
      if (kind === 'path' && replicas < pods.reduce((sum, count) => sum + count, 0)) return;
      const whatIf = ask('what-if', request, snapshot);
      const before = ask(kind, QUESTIONS[kind], snapshot);
      const after = ask(kind, request, snapshot);
      t.same(whatIf.result.before, before.result);
      t.same(whatIf.result.after, after.result);
      t.same([whatIf.settings, whatIf.changes, whatIf.snapshot], [before.settings, after.changes, before.snapshot]);
      const shown = whatIf.assumptions.map((assumption) => JSON.stringify(assumption));
      t.equal(new Set(shown).size, shown.length, 'no assumption twice');
      for (const assumption of [...before.assumptions, ...after.assumptions]) {
        t.ok(shown.includes(JSON.stringify(assumption)), assumption.field);
      }
      t.same(ask('what-if', request, snapshot), whatIf, 'the same again');
    }),
    { numRuns: runs(15) },
  );
});

t.test('a change to what is there already is an empty difference', async (t) => {
  const snapshot = zones({ pods: [2, 1] });
  const request = { changes: [scale(3)] };
  t.same(chainsOf(request, snapshot).difference, {
    unified: [],
    rules: [],
    services: [],
    nodes: { added: [], removed: [] },
  });
  t.same(probabilityOf(request, snapshot).difference, { services: [], unchanged: 1 });
  const { traces, verdicts } = pathOf({ ...QUESTIONS.path, ...request }, snapshot).difference;
  t.same([...new Set(traces.map(({ change }) => change))], ['SAME']);
  t.equal(sumOf(verdicts), '0');
  t.same(pathOf({ ...QUESTIONS.path, ...request }, snapshot).established.lost?.fraction, '0');
});

t.test('shifts sum to 0, and the way back is the mirror image', async (t) => {
  const spread = fc.array(fc.nat(3), { minLength: 2, maxLength: 3 });
  fc.assert(
    fc.property(spread, spread, (first, second) => {
      const nodes = Math.max(first.length, second.length);
      const padded = (pods: readonly number[]) =>
        zones({ pods: Array.from({ length: nodes }, (_, i) => pods[i] ?? 0) });
      const [a, b] = [padded(first), padded(second)];
      const there = probabilityOf({}, a, b).difference.services;
      const back = probabilityOf({}, b, a).difference.services;
      t.equal(there.length, back.length);
      for (const [index, service] of there.entries()) {
        t.equal(sumOf(service.verdicts), '0', 'verdicts');
        const delivered = service.verdicts.filter(({ verdict }) => verdict === 'DELIVERED');
        for (const list of [service.endpoints, service.nodes, service.zones]) {
          t.equal(sumOf(list), sumOf(delivered), 'what endpoints gain is what is delivered more');
        }
        const mirrored = new Map(back[index]?.endpoints.map((endpoint) => [endpoint.address, endpoint]));
        for (const { address, before, after, shift } of service.endpoints) {
          t.same([mirrored.get(address)?.after, mirrored.get(address)?.before], [before, after]);
          t.equal(mirrored.get(address)?.shift.fraction, formatSigned(negate(signed(shift.fraction))));
        }
      }
      const rules = chainsOf({}, a, b).difference;
      const mirror = chainsOf({}, b, a).difference;
      const key = ({ table, chain, nodes: on }: (typeof rules.rules)[number]) => `${table} ${chain} ${on}`;
      const byKey = new Map(mirror.rules.map((difference) => [key(difference), difference]));
      t.equal(byKey.size, rules.rules.length);
      for (const difference of rules.rules) {
        const other = byKey.get(key(difference));
        t.same([other?.added, other?.removed], [difference.removed, difference.added]);
        t.same(
          other?.changed.map(({ before, after }) => [after, before]).sort(),
          difference.changed.map(({ before, after }) => [before, after]).sort(),
        );
      }
    }),
    { numRuns: runs(15) },
  );
});

t.test('a second snapshot made by hand gives what the change gives', async (t) => {
  // What scaling to 2 makes of one pod in each of three zones, by hand: the pod of the last zone goes.
  const list = zonesList({ pods: [1, 1, 1] });
  const request = { ...QUESTIONS.probability, changes: [scale(2)] };
  const byChange = probabilityOf(request, zones({ pods: [1, 1, 1] }));
  const [gone] = byChange.established.lostEndpoints ?? [];
  const items = list.items.filter((item) => {
    const { kind, metadata } = item as { kind: string; metadata: { name: string } };
    return kind !== 'Pod' || `default/${metadata.name}` !== gone?.pod;
  });
  const after = { snapshot: { inline: { ...list, items } } };
  const shown = ask('what-if', { ...QUESTIONS.probability, after }, zones({ pods: [1, 1, 1] }));
  t.same((shown.result as ProbabilityWhatIf).difference, byChange.difference);
  t.same(shown.result.after, byChange.after);
  t.same(shown.result.established, byChange.established);
  t.same(shown.changes, []);
  t.equal(shown.result.afterSnapshot?.counts.Pod, 2);
  t.not(shown.result.afterSnapshot?.digest, shown.snapshot.digest);
});

t.test('chains: text, rules and Services', async (t) => {
  const other = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'other', namespace: 'default' },
    spec: { clusterIP: '172.30.0.9', clusterIPs: ['172.30.0.9'], selector: { app: 'web2' }, ports: [{ port: 81 }] },
  };
  for (const policy of ['Cluster', 'Local']) {
    const spec = { internalTrafficPolicy: policy };
    const snapshot = zones({ pods: [1, 1, 1], spec, more: [other] });
    for (const format of ['RESTORE', 'SAVE', 'LIST', 'RULES'] as const) {
      const request = { chains: { format }, changes: [scale(4)] };
      const { difference } = chainsOf(request, snapshot);
      const name = `${policy} ${format}`;
      t.same(
        difference.services.map(({ service }) => service),
        [WEB],
        `${name}: only the Service that is touched`,
      );
      t.notMatch(JSON.stringify([difference.rules, difference.services]), /other/);
      for (const { nodes, text } of difference.unified) {
        for (const node of nodes) {
          const asText = format === 'RULES' ? 'SAVE' : format;
          const textOf = (changes: QuestionRequest['changes']) =>
            ask('chains', { ...(changes && { changes }), chains: { format: asText, nodes: [node] } }, snapshot).result
              .parts[0]?.text ?? '';
          t.equal(applyPatch(textOf(undefined), text), textOf(request.changes), `${name} ${node}`);
        }
      }
    }
    const { rules, services, unified } = chainsOf({ changes: [scale(4)] }, snapshot).difference;
    if (policy === 'Local') continue;
    t.equal(unified.length, 1, 'nodes that are alike are reported once');
    t.same(services, [{ service: WEB, added: 3, removed: 0, changed: 1 }]);
    const balancing = rules.find(({ chain }) => chain.startsWith('KUBE-SVC-'));
    t.same(balancing?.nodes, ['zone-a-1', 'zone-b-1', 'zone-c-1']);
    const [change] = balancing?.changed ?? [];
    t.match(change?.before, /--probability 0\.33333333349 /);
    t.match(change?.after, /--probability 0\.25000000000 /);
    t.match(change, { service: WEB, endpoint: /^10\.180\./ });
    const made = rules.filter(({ chain }) => chain.startsWith('KUBE-SEP-'));
    t.same(
      made.map(({ added, removed, changed: of }) => [added.length, removed.length, of.length]),
      [[2, 0, 0]],
    );
  }
  t.throws(() => chainsOf({ chains: { maxBytes: 2000 }, changes: [scale(4)] }, zones({ pods: [1, 1] })), {
    code: 'ANSWER_TOO_LARGE',
  });
});

const nodePort = (policy: string, name = 'svc') => ({
  name,
  spec: {
    type: 'NodePort',
    externalTrafficPolicy: policy,
    ports: [{ port: 80, targetPort: 8080, nodePort: 30001 }],
  },
});

t.test('path: traces come, go and change', async (t) => {
  const before = lab({ services: [{ ...nodePort('Cluster'), endpoints: [1, 2] }] });
  const after = lab({ services: [{ ...nodePort('Local'), endpoints: [1, 2] }] });
  const question = {
    path: {
      source: { external: { entersAt: 'node-1' } },
      destination: { service: { namespace: 'default', name: 'svc', via: 'NODE_PORT', node: 'node-1' } },
    },
  } as const;
  const { difference, established } = pathOf(question, before, after);
  const shown = difference.traces.map(({ change, endpoint, before: was, after: is }) =>
    [change, endpoint?.address, was?.fraction ?? '-', is?.fraction ?? '-'].join(' '),
  );
  t.same(shown.sort(), ['CHANGED 10.180.1.2 1/2 1', 'REMOVED 10.180.2.2 1/2 -']);
  const kept = difference.traces.find(({ change }) => change === 'CHANGED');
  t.same(kept?.seenClient, { before: '10.180.1.1', after: '203.0.113.7' }, 'Local keeps the client address');
  t.ok(kept?.steps.removed.some((step) => /KUBE-MARK-MASQ$/.test(step)));
  t.ok(kept?.steps.added.some((step) => /^-A KUBE-EXT-\S+ .*-j KUBE-SVL-/.test(step)));
  t.same(shares(established), ['1', '0', []], 'a pod that is chosen no longer keeps its connections');
  const grouped = pathOf({ path: { ...question.path, groupBy: 'VERDICT', maxTraces: 1 } }, before, after);
  t.equal(grouped.before.traces.length, 1);
  t.same([grouped.difference.traces.length, grouped.difference.omitted], [1, 1], 'all are compared, one is reported');
  // Two endpoints were reported as one before: neither is REMOVED for that.
  t.same(grouped.difference.verdicts, difference.verdicts);
  const refused = pathOf(question, before, lab({ services: [{ ...nodePort('Local'), endpoints: [2] }] }));
  t.same(
    refused.difference.verdicts.map(({ verdict, cause, shift }) => [verdict, cause, shift.fraction]),
    [
      ['DELIVERED', undefined, '-1'],
      ['DROPPED', 'NO_LOCAL_ENDPOINTS', '1'],
    ],
  );
  t.equal(sumOf(refused.difference.verdicts), '0');
});

t.test('connections are lost with their pod or its node, and with nothing else', async (t) => {
  const options = { services: [{ endpoints: [1, 2, 3] }] };
  interface Item {
    kind: string;
    metadata: { name: string; uid?: string };
    status: { conditions: { status: string }[]; phase?: string };
  }
  const edited = (edit: (item: Item) => boolean | undefined) => {
    const list = labList(options);
    const items = (structuredClone(list.items) as Item[]).filter((item) => edit(item) !== false);
    return { snapshot: { inline: { ...list, items } } };
  };
  const is = (item: Item, kind: string, name: string) => item.kind === kind && item.metadata.name === name;
  const rows: readonly (readonly [string, (item: Item) => boolean | undefined, string])[] = [
    ['a pod is gone', (item) => !is(item, 'Pod', 'web-2'), '1/3'],
    ['a node is gone', (item) => !is(item, 'Node', 'node-2'), '1/3'],
    [
      'a node is down',
      (item) => {
        if (is(item, 'Node', 'node-2')) item.status.conditions = [{ type: 'Ready', status: 'Unknown' } as never];
        return true;
      },
      '1/3',
    ],
    [
      'another pod of the same name',
      (item) => {
        if (is(item, 'Pod', 'web-2')) item.metadata.uid = 'another';
        return true;
      },
      '1/3',
    ],
    [
      'a pod has ended',
      (item) => {
        if (is(item, 'Pod', 'web-2')) item.status.phase = 'Succeeded';
        return true;
      },
      '1/3',
    ],
    ['two nodes are gone', (item) => !is(item, 'Node', 'node-2') && !is(item, 'Node', 'node-3'), '2/3'],
    ['the Service is gone', (item) => item.kind !== 'Service' && item.kind !== 'EndpointSlice', '0'],
    ['a client is gone', (item) => !is(item, 'Pod', 'client-1'), '0'],
  ];
  for (const [name, edit, lost] of rows) {
    const { established } = probabilityOf({ after: edited(edit) }, lab(options));
    t.equal(established.lost?.fraction, lost, name);
    t.equal(formatSigned(addSigned(signed(established.kept?.fraction ?? ''), signed(lost))), '1', name);
  }
  const two = { services: [nodePort('Cluster', 'a'), { name: 'b', endpoints: [1] }] };
  const many = probabilityOf({ after: edited((item) => !is(item, 'Pod', 'web-1')) }, lab(two));
  t.same(Object.keys(many.established), ['explanation'], 'several Services: each has its own');
  t.same(
    many.difference.services.map((service) => [
      service.service.name,
      service.change,
      service.established.lost.fraction,
    ]),
    [
      ['a', 'REMOVED', '1/3'],
      ['b', 'REMOVED', '1'],
      ['svc', 'ADDED', '0'],
    ],
  );
});

t.test('a path by a way that a change opens or closes has both sides', async (t) => {
  const [closed, open] = [lab({ services: [{ name: 'a' }] }), lab({ services: [nodePort('Cluster', 'a')] })];
  const destination = { service: { namespace: 'default', name: 'a', via: 'NODE_PORT' as const } };
  const question: QuestionRequest = { path: { source: { external: { entersAt: 'node-1' } }, destination } };
  for (const [before, after, code] of [
    [open, closed, 'ONLY_BEFORE'],
    [closed, open, 'ONLY_AFTER'],
  ] as const) {
    const { result, findings } = ask('what-if', question, before, after);
    const { before: was, after: is } = result as PathWhatIf;
    const delivered = ({ traces }: typeof was) => traces.some(({ verdict }) => verdict === 'DELIVERED');
    t.equal(delivered(was), before === open);
    t.equal(delivered(is), after === open);
    t.ok(findings.some((one) => one.code === code));
  }
  t.throws(() => ask('what-if', question, closed, lab({ services: [{ name: 'a' }, { name: 'b' }] })), {
    code: 'INVALID_REQUEST',
    problems: [{ pointer: '/path/destination/service/via' }],
  });
});

t.test('what one side does not have is reported, what neither has is refused', async (t) => {
  const one = lab({ services: [{ name: 'a' }] });
  const both = lab({ services: [{ name: 'a' }, nodePort('Cluster', 'b')] });
  const services = ['a', 'b'].map((name) => ({ namespace: 'default', name }));
  const grown = ask('what-if', { probability: { services } }, one, both);
  t.same(
    (grown.result as ProbabilityWhatIf).difference.services.map(({ service, change }) => [service.name, change]),
    [['b', 'ADDED']],
  );
  t.match(grown.findings, [{ code: 'ONLY_AFTER', severity: 'INFO', evidence: { pointer: '/probability/services/1' } }]);
  const shrunk = ask('what-if', { probability: { services: services.toReversed() } }, both, one);
  t.match(
    shrunk.findings.find(({ code }) => code === 'ONLY_BEFORE'),
    { evidence: { pointer: '/probability/services/0' } },
  );
  const rules = ask('what-if', { chains: { services: ['default/b'] } }, one, both);
  t.same(rules.result.before, { format: 'RESTORE', parts: [] });
  const fewer = lab({ services: [{ name: 'a' }], nodes: 2 });
  t.same(chainsOf({}, one, fewer).difference.nodes, { added: [], removed: ['node-3'] });
  t.same(chainsOf({ chains: { nodes: ['node-3'] } }, fewer, one).difference.nodes, { added: ['node-3'], removed: [] });
  const nobody = [
    { namespace: 'default', name: 'a' },
    { namespace: 'default', name: 'nobody' },
  ];
  t.throws(() => ask('what-if', { probability: { services: nobody } }, one, both), {
    code: 'NOT_FOUND',
    problems: [{ pointer: '/probability/services/1' }],
  });
  t.throws(() => ask('what-if', { chains: { chains: ['NO-SUCH'] } }, one, both), {
    code: 'NOT_FOUND',
    problems: [{ pointer: '/chains/chains' }],
  });
  const client = { source: { pod: 'default/client-3' }, destination: { service: { namespace: 'default', name: 'a' } } };
  t.same(pathOf({ path: client }, one, fewer).after.traces, [], 'nothing comes from a client that is not there');
});

t.test('requests that say too much or too little', async (t) => {
  const snapshot = zones({ pods: [1, 1] });
  const after = { snapshot: { inline: zonesList({ pods: [1, 2] }) } };
  const changes = [scale(3)];
  const rows: readonly (readonly [QuestionRequest, Snapshot | undefined, string, RegExp])[] = [
    [{ changes }, undefined, '', /Exactly one of "chains", "path" and "probability".*none of them/],
    [{ chains: {}, probability: {}, changes }, undefined, '', /found "chains" and "probability"/],
    [{ chains: {} }, undefined, '', /Give "changes", at least one, or a second snapshot/],
    [{ chains: {}, changes: [] }, undefined, '', /Give "changes", at least one/],
    [{ chains: {}, changes, after }, undefined, '/changes', /either "changes" or "after"/],
    [{ chains: {}, changes }, snapshot, '/changes', /either "changes" or "after"/],
    [{ chains: {}, after }, snapshot, '/after', /given twice/],
    [
      { chains: {}, after: { snapshot: { inline: { kind: 'Pod', metadata: { name: 1 } } } } },
      undefined,
      '/after/snapshot/inline/metadata/name',
      /^The second snapshot: /,
    ],
    [
      {
        chains: {},
        after: {
          snapshot: {
            parts: [
              { kind: 'List', items: [] },
              { kind: 'Pod', metadata: { name: 1 } },
            ],
          },
        },
      },
      undefined,
      '/after/snapshot/parts/1/metadata/name',
      /^The second snapshot: /,
    ],
  ];
  for (const [request, second, pointer, message] of rows) {
    t.throws(() => ask('what-if', request, snapshot, second), { message, problems: [{ pointer }] }, String(message));
  }
});

t.test('what one side lacks is reported as coming or going, whatever the question', async (t) => {
  const labels = [{ name: 'web', endpoints: [1, 2] }];
  const withService = lab({
    services: [
      ...labels,
      { name: 'gone', spec: { clusterIP: '172.30.0.77', clusterIPs: ['172.30.0.77'] }, endpoints: [1, 2] },
    ],
  });
  const without = lab({ services: labels });
  const gone = { namespace: 'default', name: 'gone' };
  const chains = chainsOf({ chains: { services: ['default/gone'] } }, withService, without);
  t.same(chains.difference.nodes, { added: [], removed: [] }, 'nodes are there on both sides');
  const [count] = chains.difference.services;
  t.same([count?.service, count?.added, count?.changed], [gone, 0, 0]);
  t.ok((count?.removed ?? 0) > 0, 'its rules are removed');
  t.match(chains.difference.unified[0]?.text, /^-.*default\/gone/m);
  const back = chainsOf({ chains: { services: ['default/gone'] } }, without, withService);
  t.equal(back.difference.services[0]?.added, count?.removed, 'and added the other way round');
  const question = { path: { source: { pod: 'default/client-1' }, destination: { service: gone } } };
  const path = pathOf(question, withService, without);
  t.same(
    path.difference.verdicts.map(({ verdict, before, after }) => [verdict, before.fraction, after.fraction]),
    [
      ['DELIVERED', '1', '0'],
      ['UNKNOWN', '0', '1'],
    ],
    'clients still have the address',
  );
  t.ok(ask('what-if', question, withService, without).findings.some(({ code }) => code === 'ONLY_BEFORE'));
  t.same(
    pathOf(question, without, withService)
      .difference.verdicts.map(({ verdict }) => verdict)
      .sort(),
    ['DELIVERED', 'UNKNOWN'],
  );
  const changes = [{ pods: { namespace: 'default', names: ['client-1'], state: 'DELETED' as const } }];
  const nobody = pathOf(
    {
      changes,
      path: { source: { pod: 'default/client-1' }, destination: { service: { namespace: 'default', name: 'web' } } },
    },
    without,
  );
  t.same(nobody.after.traces, [], 'nothing comes from a pod that is gone');
  t.ok(nobody.difference.traces.every(({ change }) => change === 'REMOVED'));
  t.throws(
    () =>
      pathOf(
        {
          changes,
          path: { source: { pod: 'default/nobody' }, destination: { service: { namespace: 'default', name: 'web' } } },
        },
        without,
      ),
    { code: 'NOT_FOUND', problems: [{ pointer: '/path/source/pod' }] },
    'what neither side has is refused',
  );
});
