/** Long work: what is shown of it on a terminal, and that Ctrl-C ends it. */
import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { mapWithProgress, withProgress, withStep } from '../../src/base/progress.js';
import { ProgressLine } from '../../src/cli/progress-line.js';
import { noticeIfSilent } from '../../src/cli/silent-input.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { lab } from '../support/lab.js';

/** A standard error that keeps what it was given, and a clock. */
function screen(isTTY: boolean) {
  const stderr = Object.assign(new PassThrough(), { isTTY });
  const clock = { now: 0 };
  const line = new ProgressLine({ stderr }, () => clock.now);
  return { line, clock, shown: () => (stderr.read() as Buffer | null)?.toString() ?? '' };
}

t.test('a line says how far long work is', async (t) => {
  const { line, clock, shown } = screen(true);
  line.listen(1, 400, 'point');
  t.equal(shown(), '', 'work that may be done soon');
  clock.now = 500;
  line.listen(20, 400, 'point');
  t.equal(shown(), '\r20 of 400 points\u001b[K');
  clock.now = 550;
  line.listen(21, 400, 'point');
  t.equal(shown(), '', 'not too often');
  clock.now = 600;
  line.listen(0, 1, 'Service port');
  t.equal(shown(), '\r0 of 1 Service port\u001b[K');
  line.clear();
  t.equal(shown(), '\r\u001b[K');
  line.clear();
  t.equal(shown(), '', 'nothing is there to be cleared');
});

t.test('nothing where standard error is no terminal', async (t) => {
  const { line, clock, shown } = screen(false);
  clock.now = 5000;
  line.show('Reading 50 MB');
  line.listen(1, 2, 'point');
  line.clear();
  t.equal(shown(), '');
});

t.test('the outermost work is counted', async (t) => {
  const heard: string[] = [];
  const result = withProgress(
    (done, total, of) => heard.push(`${done}/${total} ${of}`),
    () =>
      mapWithProgress(['a', 'b'], 'Service', (name) =>
        mapWithProgress([1, 2, 3], 'Service port', (port) => withStep(0, 9, 'point', () => `${name}${port}`)),
      ),
  );
  t.same(result.flat(), ['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
  t.same(heard, ['0/2 Service', '1/2 Service']);
  mapWithProgress([1], 'Service', () => 1);
  t.equal(heard.length, 2, 'nobody listens any more');
  t.throws(
    () =>
      withProgress(
        () => undefined,
        () =>
          withStep(0, 1, 'point', () => {
            throw new Error('no');
          }),
      ),
    /no/,
  );
  withStep(0, 1, 'point', () => undefined);
  t.equal(heard.length, 2, 'nor after an error');
});

t.test('questions of many parts report each', async (t) => {
  const snapshot = lab({ services: [{}, { name: 'other', endpoints: [1, 2] }, { name: 'third', endpoints: [3] }] });
  const scaled = {
    patch: { kind: 'Service', namespace: 'default', name: 'svc', patch: { spec: { sessionAffinity: 'ClientIP' } } },
  };
  const CASES: readonly (readonly [QuestionKind, QuestionRequest, string])[] = [
    ['probability', {}, '2/3 Service port'],
    ['inspect', {}, '2/3 Service'],
    ['check', { changes: [scaled] } as QuestionRequest, '0/1 Service'],
    ['batch', { batch: { questions: [{ probability: {} }, { probability: {} }] } } as QuestionRequest, '1/2 question'],
  ];
  for (const [kind, request, last] of CASES) {
    const heard: string[] = [];
    const answer = withProgress(
      (done, total, of) => heard.push(`${done}/${total} ${of}`),
      () => ask(kind, request, snapshot),
    );
    t.equal(heard.at(-1), last, kind);
    t.same(answer, ask(kind, request, snapshot), 'the answer is the same');
  }
});

t.test('a standard input that says nothing: what is waited for is said', async (t) => {
  const stderr = new PassThrough();
  const given = await noticeIfSilent(
    { stderr },
    // Standard input ends when the notice is there.
    new Promise<string>((resolve) => stderr.once('data', (notice: Buffer) => resolve(notice.toString()))),
    0,
  );
  t.match(given, /^Waiting for a snapshot on standard input\. Give one with -s FILE/);
});

t.test('Ctrl-C ends the command line at once', async (t) => {
  const child = spawn(process.execPath, ['dist/src/main.js', 'inspect'], { stdio: ['pipe', 'ignore', 'pipe'] });
  // It waits for standard input, which never comes.
  child.stderr.once('data', () => child.kill('SIGINT'));
  const ended = await new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  t.equal(ended, 'SIGINT');
});
