/** batch: every answer is the one that its question has alone, and a wrong question leaves the others as they are. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { CheckResult, WhatIfResult } from '../../src/contract/answers.js';
import type { BatchEntry, Change, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { BATCH_QUESTIONS, type BatchedKind } from '../../src/questions/kinds.js';
import { validateRequest } from '../../src/questions/validate-request.js';
import { runs } from '../support/runs.js';

const ARTICLE = readSnapshot({ inline: JSON.parse(readFileSync('examples/article.json', 'utf8')) });
const SERVICE = { namespace: 'default', name: 'nginx-svc' };
const scale = (replicas: number): Change => ({
  scale: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas },
});

const DEPLOYMENT = { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment' } as const;
const TRAFFIC = { traffic: { requestsPerSecond: 900, connections: 40, maxRequestsPerSecond: 400 } };

/** Questions that examples/ has no file of. */
const OTHERS: { kind: BatchedKind; request: QuestionRequest }[] = [
  { kind: 'inspect', request: { inspect: { failOn: 'NEVER' } } },
  { kind: 'reach', request: { reach: {} } },
  { kind: 'solve', request: { solve: { scale: DEPLOYMENT, replicas: {}, probability: TRAFFIC } } },
  {
    kind: 'timeline',
    request: { timeline: { change: { scale: { ...DEPLOYMENT, replicas: 4 } }, probability: TRAFFIC } },
  },
];

/** The single requests in examples/, each with its question. */
const SINGLE = readdirSync('examples/requests')
  .map((file) => {
    const kind = file.startsWith('what-if') ? 'what-if' : file.replace(/[-.].*/, '');
    return {
      kind: kind as BatchedKind,
      request: JSON.parse(readFileSync(`examples/requests/${file}`, 'utf8')) as QuestionRequest,
    };
  })
  .filter(({ kind }) => Object.values(BATCH_QUESTIONS).includes(kind))
  .concat(OTHERS);

/** A single request as an entry of a batch. */
function entryOf(kind: BatchedKind, { at, settings, changes, ...question }: QuestionRequest): BatchEntry {
  const own = { ...(at === undefined ? {} : { at }), ...(settings === undefined ? {} : { settings }) };
  const given = changes === undefined ? {} : { changes };
  return kind === 'what-if' ? { ...own, whatIf: { ...given, ...question } } : { ...own, ...given, ...question };
}

const answersOf = (request: QuestionRequest) =>
  ask('batch', validateRequest('batch', request, 'apart'), ARTICLE).result.answers;

t.test('each answer is the one that the question has alone, in the order asked, whatever is beside it', async (t) => {
  t.ok(SINGLE.length >= 8);
  const alone = SINGLE.map(({ kind, request }) => JSON.stringify(ask(kind, request, ARTICLE)));
  const some = fc.array(fc.nat({ max: SINGLE.length - 1 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(some, (chosen) => {
      const single = chosen.map((index) => SINGLE[index] as (typeof SINGLE)[number]);
      const answers = answersOf({ batch: { questions: single.map(({ kind, request }) => entryOf(kind, request)) } });
      assert.deepEqual(
        answers.map(({ answer }) => JSON.stringify(answer)),
        chosen.map((index) => alone[index]),
      );
    }),
    { numRuns: runs(20), examples: [[SINGLE.map((_, index) => index)]] },
  );
});

t.test('what the batch says holds for all; what an entry says is added to it', async (t) => {
  const probability = { services: [SERVICE] };
  const shared = {
    at: '2026-01-01T00:00:00Z',
    settings: { kubernetesVersion: '1.30', kubelet: false },
    changes: [scale(5)],
  };
  const entries: readonly BatchEntry[] = [
    { probability },
    { changes: [scale(7)], probability },
    { at: '2026-02-01T00:00:00Z', settings: { kubernetesVersion: '1.34' }, chains: { nodes: ['node-1'] } },
  ];
  const [plain, more, other, moved] = answersOf({
    ...shared,
    batch: { questions: [...entries, { whatIf: { changes: [scale(7)], probability } }] },
  });
  t.same(plain?.answer, ask('probability', { ...shared, probability }, ARTICLE));
  t.same(more?.answer, ask('probability', { ...shared, changes: [scale(5), scale(7)], probability }, ARTICLE));
  const settings = { kubernetesVersion: '1.34', kubelet: false };
  t.same(
    other?.answer,
    ask('chains', { ...shared, at: '2026-02-01T00:00:00Z', settings, chains: { nodes: ['node-1'] } }, ARTICLE),
  );
  const both = moved?.answer?.result as WhatIfResult | undefined;
  t.same(
    [both?.before, both?.after],
    [plain?.answer?.result, more?.answer?.result],
    'both sides of what-if are on what is shared',
  );
  const [checked] = answersOf({ ...shared, batch: { questions: [{ changes: [scale(7)], check: {} }] } });
  const result = checked?.answer?.result as CheckResult | undefined;
  const fractions = (side: 'before' | 'after') =>
    new Set(result?.services[0]?.doors[0]?.endpoints.map((endpoint) => endpoint[side]?.fraction));
  t.same([...fractions('before')].sort(), ['0', '1/5'], 'both sides of check are on what is shared');
  t.same([...fractions('after')], ['1/7']);
  t.equal(checked?.answer?.changes.length, 2);
});

t.test('a wrong question has its problem in its place, with pointers into the whole request', async (t) => {
  const good = { probability: { services: [SERVICE] } };
  const cases: readonly (readonly [unknown, string, string, string])[] = [
    [
      { path: { source: { pod: 'default/nobody' }, destination: { service: SERVICE } } },
      'NOT_FOUND',
      '/path/source/pod',
      'path',
    ],
    [{ check: {} }, 'INVALID_REQUEST', '', 'check'],
    [{ check: {}, changes: [scale(3), scale(-1)] }, 'INVALID_REQUEST', '/changes/1/scale/replicas', 'check'],
    [
      { probability: { services: [SERVICE, { ...SERVICE, name: 'x' }] } },
      'NOT_FOUND',
      '/probability/services/1/name',
      'probability',
    ],
    [
      { changes: [scale(3), { node: { name: 'none', action: 'DRAIN' } }], ...good },
      'NOT_FOUND',
      '/changes/1/node/name',
      'probability',
    ],
    [
      { whatIf: { changes: [scale(2), { node: { name: 'none', action: 'DRAIN' } }], ...good } },
      'NOT_FOUND',
      '/whatIf/changes/1/node/name',
      'whatIf',
    ],
    [{ whatIf: { changes: [scale(2)], chains: { nodes: ['none'] } } }, 'NOT_FOUND', '/whatIf/chains/nodes/0', 'whatIf'],
    [
      { whatIf: { after: { snapshot: { inline: { kind: 'Pod', metadata: { name: 1 } } } }, ...good } },
      'INVALID_SNAPSHOT',
      '/whatIf/after/snapshot/inline/metadata/name',
      'whatIf',
    ],
    [{ settings: { kubernetesVersion: '1.2' }, ...good }, 'UNSUPPORTED', '/settings/kubernetesVersion', 'probability'],
    [{ probabilty: {} }, 'INVALID_REQUEST', '/probabilty', ''],
    [{ ...good, chains: {} }, 'INVALID_REQUEST', '', ''],
    [{ path: { destination: {} } }, 'INVALID_REQUEST', '/path', 'path'],
    [{ at: 'now', ...good }, 'INVALID_REQUEST', '/at', 'probability'],
    [null, 'INVALID_REQUEST', '', ''],
  ];
  const questions = [good, ...cases.map(([entry]) => entry), good] as readonly BatchEntry[];
  const changes = [scale(4)];
  const answers = answersOf({ changes, batch: { questions } });
  const alone = ask('probability', { changes, ...good }, ARTICLE);
  t.same(answers.at(0)?.answer, alone);
  t.same(answers.at(-1)?.answer, alone, 'those before and after are answered');
  for (const [index, [, code, pointer, name]] of cases.entries()) {
    const { question = '', problem } = answers[index + 1] ?? {};
    t.match({ question, problem }, { question: name, problem: { code } }, JSON.stringify(problem));
    t.equal(problem?.errors[0]?.pointer, `/batch/questions/${index + 1}${pointer}`, code);
    t.match(problem, { type: `urn:kube-whatif:problem:${code}`, status: /4\d\d/ });
  }
});

t.test('what is wrong with all of them is refused as a whole', async (t) => {
  const questions = [{ chains: {} }];
  const refused = (request: unknown, expected: { code: string; pointer: string }) => {
    try {
      answersOf(request as QuestionRequest);
      t.fail(JSON.stringify(request));
    } catch (error) {
      if (!(error instanceof QuestionError)) throw error;
      t.match({ code: error.code, pointer: error.problems[0]?.pointer }, expected);
    }
  };
  refused(
    { changes: [scale(4), { node: { name: 'none', action: 'DRAIN' } }], batch: { questions } },
    { code: 'NOT_FOUND', pointer: '/changes/1/node/name' },
  );
  refused(
    { settings: { kubernetesVersion: '1.2' }, batch: { questions } },
    { code: 'UNSUPPORTED', pointer: '/settings/kubernetesVersion' },
  );
  refused({ batch: { questions: [] } }, { code: 'INVALID_REQUEST', pointer: '/batch/questions' });
  refused(
    { batch: { questions: new Array(1001).fill(questions[0]) } },
    { code: 'INVALID_REQUEST', pointer: '/batch/questions' },
  );
  refused({ batch: { questions, more: 1 } }, { code: 'INVALID_REQUEST', pointer: '/batch/more' });
  refused({ path: {}, batch: { questions } }, { code: 'INVALID_REQUEST', pointer: '/path' });
  refused({}, { code: 'INVALID_REQUEST', pointer: '' });
});
