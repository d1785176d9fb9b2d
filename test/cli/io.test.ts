import { Writable } from 'node:stream';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { writeAll } from '../../src/cli/io.js';
import { failureOf } from '../../src/cli/problem.js';
import { holdsUnknown } from '../../src/cli/unknown.js';
import { UsageError } from '../../src/words/usage-error.js';
import { answerOf, CHAINS_PARTS, PATH, PROBABILITY, probability } from '../reports/answers.js';

t.test('large texts are written whole and no faster than they are taken', async (t) => {
  const text = `${'ä€😀x'.repeat(100_000)}\n`;
  const pieces: Buffer[] = [];
  let waiting = 0;
  const slow = new Writable({
    write(bytes: Buffer, _, done) {
      pieces.push(bytes);
      waiting = Math.max(waiting, slow.writableLength);
      setImmediate(done);
    },
  });
  await writeAll(slow, text);
  t.equal(Buffer.concat(pieces).toString(), text);
  t.ok(waiting <= 1 << 16, `at most one piece waits, ${waiting} bytes`);
  t.ok(pieces.length > 10);
});

t.test('a reader that went away is no error, a full disk is', async (t) => {
  const failing = (code: string) =>
    new Writable({
      write(_bytes, _encoding, done) {
        done(Object.assign(new Error(code), { code }));
      },
    });
  await writeAll(failing('EPIPE'), 'text');
  await t.rejects(writeAll(failing('ENOSPC'), 'text'), { code: 'ENOSPC' });
});

t.test('what is told of an error', async (t) => {
  const problems = [
    { pointer: '/path/source/pod', detail: 'no\nsuch \u001b[31mpod' },
    { pointer: '/items/3', in: 'snapshot' as const, detail: 'twice' },
    { pointer: '', in: 'snapshot' as const, detail: 'empty' },
  ];
  const wrong = failureOf(new QuestionError('NOT_FOUND', 'Nothing is found.', problems));
  t.equal(wrong.exit, 2);
  t.equal(
    wrong.text,
    'Nothing is found.\n' +
      '  at /path/source/pod: no\\nsuch \\x1b[31mpod\n' +
      '  at /items/3 of the snapshot: twice\n' +
      '  at the snapshot as a whole: empty\n',
  );
  const once = failureOf(new QuestionError('NOT_FOUND', 'No such pod.', [{ pointer: '/p', detail: 'No such pod.' }]));
  t.equal(once.text, 'No such pod.\n  at /p\n', 'what the message says is not said again');
  t.match(wrong.document, { status: 422, code: 'NOT_FOUND', detail: 'Nothing is found.' });
  t.match(wrong.document.errors, [{ pointer: '/path/source/pod', in: 'request' }, { in: 'snapshot' }, {}]);
  t.match(failureOf(new UsageError('Say.\n  more')), { exit: 2, text: 'Say.\n  more\n' });
  const fault = failureOf(new TypeError('oops'));
  t.match(fault, { exit: 3, text: /^kube-whatif failed; this is its own fault.*\nTypeError: oops\n/ });
  t.match(fault.document, { status: 500, code: 'INTERNAL' });
  t.equal(failureOf('thrown text').exit, 3);
});

t.test('an answer with some UNKNOWN in it is one', async (t) => {
  for (const answer of [CHAINS_PARTS, PATH, PROBABILITY]) t.equal(holdsUnknown(answer), false);
  const { result: path } = PATH as Extract<typeof PATH, { result: { traces: unknown } }>;
  const share = probability('1/1000');
  t.equal(
    holdsUnknown(answerOf({ ...path, verdicts: [...path.verdicts, { verdict: 'UNKNOWN' as const, share }] })),
    true,
  );
  t.equal(
    holdsUnknown(answerOf({ services: PROBABILITY.result.services.map((one) => ({ ...one, unknown: share })) })),
    true,
  );
});
