/**
 * Questions that lie in the mailboxes of threads: each is answered once, by whoever is free, whatever becomes of the
 * others.
 */
import fc from 'fast-check';
import t from 'tap';
import { Client } from '../../src/work/client.js';
import type { QuestionJob, QuestionOutcome } from '../../src/work/job.js';
import { Lane, type LaneOptions } from '../../src/work/lane.js';
import { runs } from '../support/runs.js';
import { hold } from './held-file.js';

t.setTimeout(300_000);

const FILE = new URL('./joined/fake-worker.js', import.meta.url).href;

function laneOf(options: Partial<LaneOptions>): Lane {
  return new Lane({
    threads: 1,
    onDemand: true,
    queueLimit: 1000,
    memory: 256,
    timeLimit: 60_000,
    abandonedLimit: 0,
    name: 'small',
    retryAfter: 1,
    file: FILE,
    ahead: 3,
    ...options,
  });
}

/** A question that has a thread do something; see fake-worker.ts. */
function job(clusterDomain: string): QuestionJob {
  const snapshot = { inline: { apiVersion: 'v1', kind: 'List', items: [] } };
  const text = JSON.stringify({ snapshot, settings: { clusterDomain: clusterDomain || 'cluster.local' }, chains: {} });
  const bytes = new TextEncoder().encode(text);
  const segments = [bytes.buffer.slice(0, bytes.length) as ArrayBuffer];
  return {
    task: 'answer',
    kind: 'chains',
    form: 'json',
    layout: {},
    body: { kind: 'json' },
    segments,
    length: bytes.length,
  };
}

const ask = (lane: Lane, text = '', client = new Client()) => lane.run(job(text), client);
const GONE = { message: /^the client closed/ };
const isAnswer = (outcome: QuestionOutcome) => 'bytes' in outcome;

t.test('what lies behind a long question is answered by a thread that is free', async (t) => {
  const lane = laneOf({ threads: 2 });
  t.teardown(() => lane.close());
  const [long, short] = [hold(), hold()];
  const first = ask(lane, long.text);
  const second = ask(lane, short.text);
  const behind = Array.from({ length: 6 }, () => ask(lane));
  t.same(lane.load, { busy: 2, waiting: 6 }, 'they count as waiting, wherever they lie');
  short.release();
  t.ok((await Promise.all([second, ...behind])).every(isAnswer));
  t.same(lane.load, { busy: 1, waiting: 0 });
  long.release();
  t.ok(isAnswer(await first));
});

t.test('nor does it wait for others that came later', async (t) => {
  const lane = laneOf({ threads: 2 });
  t.teardown(() => lane.close());
  const [long, short] = [hold(), hold()];
  const order: number[] = [];
  const first = ask(lane, long.text);
  const second = ask(lane, short.text);
  const behind = Array.from({ length: 40 }, async (_, index) => {
    const outcome = await ask(lane);
    order.push(index);
    return outcome;
  });
  short.release();
  t.ok((await Promise.all([second, ...behind])).every(isAnswer));
  const places = [0, 1, 2, 3, 4, 5].map((index) => order.indexOf(index));
  t.ok(Math.max(...places) < 20, `the first six are answered among the first twenty: ${places.join(', ')}`);
  long.release();
  await first;
});

t.test('a question whose client goes is not worked on', async (t) => {
  const lane = laneOf({});
  t.teardown(() => lane.close());
  const [before, never] = [hold(), hold()];
  t.teardown(() => never.release());
  const first = ask(lane, before.text);
  const client = new Client();
  const left = ask(lane, never.text, client);
  const last = ask(lane);
  client.leave();
  await t.rejects(left, GONE);
  t.same(lane.load, { busy: 1, waiting: 1 }, 'its place is free');
  before.release();
  t.ok(isAnswer(await first));
  t.ok(isAnswer(await last), 'though the one that was taken back has not been let go');
});

t.test('a question is ended in time, also where it lies behind another one', async (t) => {
  const lane = laneOf({ timeLimit: 300 });
  t.teardown(() => lane.close());
  const never = hold();
  t.teardown(() => never.release());
  const outcomes = await Promise.all([ask(lane, never.text), ask(lane), ask(lane, never.text)]);
  for (const outcome of outcomes) t.match(outcome, { problem: { code: 'TIME_LIMIT' } });
  while (lane.load.busy > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  t.same(lane.load, { busy: 0, waiting: 0 });
});

for (const [how, text, problem] of [
  ['needs too much memory', 'hoard', 'MEMORY_LIMIT'],
  ['is given up', 'spin', undefined],
] as const) {
  t.test(`what lies behind a question that ${how} is answered by the next thread`, async (t) => {
    const lane = laneOf({ memory: 64 });
    t.teardown(() => lane.close());
    t.ok(isAnswer(await ask(lane)), 'the thread is there');
    const client = new Client();
    const first = ask(lane, text, client);
    const behind = Array.from({ length: 5 }, () => ask(lane));
    if (problem === undefined) {
      client.leave();
      await t.rejects(first, GONE);
    } else t.match(await first, { problem: { code: problem } });
    t.ok((await Promise.all(behind)).every(isAnswer));
    t.same(lane.load, { busy: 0, waiting: 0 });
  });
}

t.test('large questions are not put behind others', async (t) => {
  const lane = laneOf({});
  t.teardown(() => lane.close());
  const held = hold();
  const first = ask(lane, held.text);
  const large = job('');
  const segment = new ArrayBuffer(100_000);
  new Uint8Array(segment).fill(0x20).set(new Uint8Array(large.segments[0] as ArrayBuffer));
  const second = lane.run({ ...large, segments: [segment], length: segment.byteLength }, new Client());
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.equal(segment.byteLength, 100_000, 'its bytes are neither sent nor copied yet');
  held.release();
  t.ok(isAnswer(await first));
  t.ok(isAnswer(await second));
  t.equal(segment.byteLength, 0, 'then they change hands');
});

t.test('whatever comes in between, each question has one outcome, and all threads are free in the end', async (t) => {
  const event = fc.constantFrom('', '', '', 'sleep-3', 'throw', 'leave', 'spin and leave', 'pause');
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 3 }),
      fc.array(event, { maxLength: 30 }),
      async (threads, ahead, events) => {
        const lane = laneOf({ threads, ahead });
        const outcomes: Promise<unknown>[] = [];
        for (const event of events) {
          if (event === 'pause') await new Promise((resolve) => setTimeout(resolve, 2));
          else if (event.endsWith('leave')) {
            const client = new Client();
            outcomes.push(ask(lane, event === 'leave' ? '' : 'spin', client).catch(() => 'GONE'));
            setImmediate(() => client.leave());
          } else {
            const outcome = ask(lane, event);
            outcomes.push(
              outcome.then((one) => {
                const code = 'problem' in one ? one.problem.code : 'OK';
                t.equal(code, event === 'throw' ? 'INTERNAL' : 'OK', event);
              }),
            );
          }
        }
        await Promise.all(outcomes);
        // What nobody waits for is stopped.
        while (lane.load.busy > 0) await new Promise((resolve) => setTimeout(resolve, 5));
        t.same(lane.load, { busy: 0, waiting: 0 });
        await lane.close();
      },
    ),
    { numRuns: runs(15) },
  );
});
