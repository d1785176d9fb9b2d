/** What a thread makes of a job that crossed is the job. */
import fc from 'fast-check';
import t from 'tap';
import type { Job } from '../../src/work/job.js';
import { packJob, Unpacker } from '../../src/work/sent-job.js';
import { runs } from '../support/runs.js';

const held = fc.record(
  {
    digest: fc.constantFrom('sha256:1', 'sha256:2'),
    files: fc.array(fc.record({ length: fc.nat(9), name: fc.string() }, { requiredKeys: ['length'] }), {
      maxLength: 2,
    }),
    bytes: fc.constant(new SharedArrayBuffer(4)),
  },
  { requiredKeys: ['digest', 'files'] },
);
const segments = fc.array(
  fc.uint8Array({ maxLength: 5 }).map((bytes) => bytes.slice().buffer as ArrayBuffer),
  { maxLength: 2 },
);
const question = fc.record(
  {
    task: fc.constant('answer' as const),
    kind: fc.constantFrom('path' as const, 'check' as const),
    form: fc.constantFrom('json' as const, 'protobuf' as const),
    body: fc.constantFrom({ kind: 'json' as const }, { kind: 'multipart' as const, boundary: 'x' }),
    layout: fc.constantFrom({}, { indent: 2, width: 80 }),
    segments,
    length: fc.nat(5),
    held: fc.array(held, { maxLength: 2 }),
    names: fc
      .array(fc.tuple(fc.constantFrom('prod', 'prod@-1', '__proto__'), fc.string()), { maxLength: 2 })
      .map((names) => new Map(names)),
  },
  { requiredKeys: ['task', 'kind', 'form', 'body', 'layout', 'segments', 'length'] },
);
const holding = fc.record(
  {
    task: fc.constant('hold' as const),
    body: fc.constant({ kind: 'file' as const }),
    segments,
    length: fc.nat(5),
    digest: fc.constant('sha256:1'),
  },
  { requiredKeys: ['task', 'body', 'segments', 'length'] },
);

/** With bytes as numbers, which can be compared. */
function comparable(job: Job): unknown {
  return { ...job, segments: job.segments.map((segment) => [...new Uint8Array(segment)]) };
}

t.test('a job crosses whole', async (t) => {
  // One for all of them, as in a thread: what it remembers of one is not taken for another.
  const unpacker = new Unpacker();
  fc.assert(
    fc.property(fc.oneof(question, holding) as fc.Arbitrary<Job>, fc.nat(9), fc.nat(), (job, cell, number) => {
      const sent = structuredClone(packJob(job, cell, number));
      t.strictSame([sent[0], sent[1]], [cell, number]);
      t.same(comparable(unpacker.job(sent)), comparable(job));
    }),
    { numRuns: runs(300) },
  );
});

t.test('what is said beside the bytes is remembered within bounds', async (t) => {
  const unpacker = new Unpacker();
  const job = (name: string) =>
    ({
      ...{ task: 'answer', kind: 'path', form: 'json', body: { kind: 'json' }, layout: {}, segments: [], length: 0 },
      segments: [new ArrayBuffer(0)],
      names: new Map([[name, 'sha256:1']]),
    }) as Job;
  for (let i = 0; i < 500; i++) {
    const unpacked = unpacker.job(packJob(job(`n${i}`), 0, 1));
    t.ok(unpacked.task === 'answer' && unpacked.names?.has(`n${i}`));
  }
});
