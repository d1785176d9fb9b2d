/**
 * Every endpoint under broken and hostile input: no 5xx, no crash, no unhandled rejection, bounded time and memory.
 * fast-check shrinks what fails and prints its seed.
 */

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { DOCUMENT } from '../../src/contract/gen/document.js';
import { validator } from '../../src/contract/validator.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { QUESTION_KINDS } from '../../src/questions/registry.js';
import { MIB, type Reply, send, start } from '../rest/support.js';
import { runs } from '../support/runs.js';
import { bomb, form, headers, noise, spoilt } from './hostile.js';

/** How long each property looks for trouble, milliseconds. */

const lanes = { threads: 1, queueLimit: 64, memory: 512 };
const faults: string[] = [];
const running = await start({
  small: lanes,
  large: lanes,
  held: lanes,
  bodyLimit: 8 * MIB,
  bodyTimeout: 5000,
  snapshotMemory: 4 * MIB,
  logLevel: 'error',
  logStream: { write: (line) => void faults.push(line) },
});
t.teardown(() => running.app.close());

const rejections: unknown[] = [];
const onRejection = (reason: unknown) => void rejections.push(reason);
process.on('unhandledRejection', onRejection);
t.teardown(() => process.off('unhandledRejection', onRejection));

const isProblem = validator('Problem');
const JSON_TYPE = { 'content-type': 'application/json' };
const digestOf = (body: Buffer | string) => `sha256:${createHash('sha256').update(body).digest('hex')}`;

interface Example {
  readonly snapshot: { readonly inline: unknown };
}

interface Operation {
  readonly requestBody: {
    readonly content: {
      readonly 'application/json': { readonly examples: Readonly<Record<string, { readonly value: Example }>> };
    };
  };
}

/** The first example of each kind in the contract. */
const EXAMPLES = new Map<QuestionKind, Example>(
  QUESTION_KINDS.map((kind) => {
    const { paths } = DOCUMENT as { paths: Readonly<Record<string, { readonly post: Operation }>> };
    const content = paths[`/v1/${kind}`]?.post.requestBody.content['application/json'];
    const [first] = Object.values(content?.examples ?? {});
    if (first === undefined) throw new Error(`the contract has no example of ${kind}`);
    return [kind, first.value];
  }),
);

/** The cluster that examples are about, and they without it. */
/** Requests that are tried of each kind; PROPERTY_RUNS asks for more. */
const RUNS = 120;

const CLUSTER = EXAMPLES.get('path')?.snapshot.inline;
const QUESTIONS = [...EXAMPLES].map(([kind, { snapshot: _, ...question }]) => [kind, question] as const);

/** Sends, and holds the reply to what must be true of every one. */
async function asked(
  method: string,
  path: string,
  given: Readonly<Record<string, string>>,
  body?: Buffer | string,
): Promise<Reply> {
  const reply = await send(running, method, path, given, body);
  const what = `${method} ${path} ${reply.status} ${reply.text.slice(0, 300)}`;
  if (reply.status >= 500) throw new Error(`${what}\n${faults.join('')}`);
  if (reply.status >= 400 && method !== 'HEAD' && !isProblem(reply.json()))
    throw new Error(`no problem document: ${what}`);
  return reply;
}

/** Looks for a counterexample for a while. */
async function holds<T>(arbitrary: fc.Arbitrary<T>, law: (value: T) => Promise<unknown>): Promise<void> {
  const property = fc.asyncProperty(arbitrary, async (value) => void (await law(value)));
  await fc.assert(property, { numRuns: runs(RUNS), endOnFailure: false });
}

t.test('spoilt snapshots, in every question and to be held', async (tt) => {
  const questions = fc.constantFrom(...QUESTIONS);
  await holds(fc.tuple(spoilt(CLUSTER), questions), async ([snapshot, [kind, question]]) => {
    const rest = JSON.stringify(question).slice(1);
    await Promise.all([
      asked('POST', `/v1/${kind}`, JSON_TYPE, `{"snapshot":{"inline":${snapshot}},${rest}`),
      asked('PUT', `/v1/snapshots/${digestOf(snapshot)}`, JSON_TYPE, snapshot),
    ]);
  });
  tt.pass();
});

t.test('spoilt questions', async (tt) => {
  const arbitrary = fc.oneof(
    ...QUESTIONS.map(([kind, question]) => spoilt(question).map((text) => [kind, text] as const)),
  );
  const cluster = JSON.stringify(CLUSTER);
  const digest = digestOf(cluster);
  await asked('PUT', `/v1/snapshots/${digest}`, JSON_TYPE, cluster);
  await holds(arbitrary, async ([kind, text]) => {
    const body = text.startsWith('{') && text !== '{}' ? `{"snapshot":{"digest":"${digest}"},${text.slice(1)}` : text;
    await asked('POST', `/v1/${kind}`, JSON_TYPE, body);
  });
  tt.pass();
});

t.test('noise for a body, under odd headers', async (tt) => {
  const path = fc.constantFrom(...QUESTION_KINDS.map((kind) => `/v1/${kind}`), `/v1/snapshots/${digestOf('')}`);
  await holds(fc.tuple(noise, headers, path), async ([body, given, to]) => {
    await asked(to.includes('snapshots') ? 'PUT' : 'POST', to, { ...JSON_TYPE, ...given }, body);
  });
  tt.pass();
});

t.test('forms that break the rules of forms', async (tt) => {
  await holds(fc.tuple(form, fc.constantFrom(...QUESTION_KINDS)), async ([{ type, body }, kind]) => {
    await asked('POST', `/v1/${kind}`, { 'content-type': type }, body);
    await asked('PUT', `/v1/snapshots/${digestOf(body)}`, { 'content-type': type }, body);
  });
  tt.pass();
});

t.test('paths and methods', async (tt) => {
  const segment = fc.oneof(
    fc.constantFrom(
      'v1',
      'path',
      'snapshots',
      '..',
      '%2e%2e',
      '%00',
      '%ff',
      '%',
      ':digest',
      'sha256:x',
      '*',
      '?a=b',
      '//',
    ),
    fc.stringMatching(/^[!-~]{0,40}$/),
    fc.constant('x'.repeat(3000)),
  );
  const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND');
  await holds(fc.tuple(method, fc.array(segment, { maxLength: 5 })), async ([verb, segments]) => {
    await asked(verb, `/${segments.join('/')}`.replace(/[#\s]/g, ''), {});
  });
  tt.pass();
});

t.test('what inflates to much more than it is', async (tt) => {
  const one = bomb(1024);
  tt.ok(one.length < 2 * MIB);
  const before = process.memoryUsage().rss;
  for (const [method, path] of [
    ['POST', '/v1/path'],
    ['PUT', `/v1/snapshots/${digestOf('')}`],
  ] as const) {
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => asked(method, path, { ...JSON_TYPE, 'content-encoding': 'gzip' }, one)),
    );
    tt.ok(replies.every(({ status }) => status === 413));
  }
  const twice = await asked('POST', '/v1/path', { ...JSON_TYPE, 'content-encoding': 'gzip' }, bomb(1));
  tt.equal(twice.status, 400, 'what fits is read');
  tt.ok(process.memoryUsage().rss - before < 400 * MIB, 'none of it stays');
});

t.test('after all that it answers as ever', async (tt) => {
  for (const [kind, example] of EXAMPLES) {
    const reply = await asked('POST', `/v1/${kind}`, JSON_TYPE, JSON.stringify(example));
    tt.equal(reply.status, 200, `${kind} ${reply.text.slice(0, 300)}`);
  }
  tt.equal((await asked('GET', '/readyz', {})).status, 200);
  tt.same([rejections, faults], [[], []]);
  tt.equal(({} as Record<string, unknown>).polluted, undefined);
  tt.ok(process.memoryUsage().rss < 2500 * MIB, `${Math.round(process.memoryUsage().rss / MIB)} MiB`);
});
