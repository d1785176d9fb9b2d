/** Requests and answers as messages and back: what is JSON over REST is the same over gRPC. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import t from 'tap';
import type { Answer } from '../../src/contract/answers.js';
import { readAnswer, readRequest, writeAnswer, writeRequest } from '../../src/messages/codec.js';
import { encode } from '../../src/messages/encode.js';
import { ApplyResponse } from '../../src/messages/gen/kube_whatif/v1/apply.js';
import { BatchResponse } from '../../src/messages/gen/kube_whatif/v1/batch.js';
import { ChainsRequest, ChainsResponse } from '../../src/messages/gen/kube_whatif/v1/chains.js';
import { CheckResponse } from '../../src/messages/gen/kube_whatif/v1/check.js';
import { InspectResponse } from '../../src/messages/gen/kube_whatif/v1/inspect.js';
import { PathResponse } from '../../src/messages/gen/kube_whatif/v1/path.js';
import { ProbabilityResponse } from '../../src/messages/gen/kube_whatif/v1/probability.js';
import { ReachResponse } from '../../src/messages/gen/kube_whatif/v1/reach.js';
import { SolveResponse } from '../../src/messages/gen/kube_whatif/v1/solve.js';
import { SweepResponse } from '../../src/messages/gen/kube_whatif/v1/sweep.js';
import { TimelineResponse } from '../../src/messages/gen/kube_whatif/v1/timeline.js';
import { Value } from '../../src/messages/gen/kube_whatif/v1/value.js';
import { WhatIfResponse } from '../../src/messages/gen/kube_whatif/v1/what_if.js';
import { descriptor } from '../../src/messages/registry.js';
import { fromValue, toValue } from '../../src/messages/struct-value.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { runs } from '../support/runs.js';
import { withoutEmpty } from '../support/without-empty.js';

const kindOf = (file: string) => (file.startsWith('what-if') ? 'what-if' : file.split(/[-.]/)[0]) as QuestionKind;
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const files = (folder: string) => readdirSync(folder).filter((file) => file.endsWith('.json'));

/** What ts-proto generates for a message. */
interface Codec {
  decode(bytes: Uint8Array): unknown;
  encode(message: never): { finish(): Uint8Array };
}

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

t.test('example answers come back as they were', async (t) => {
  for (const file of files('examples/answers')) {
    const answer = json(`examples/answers/${file}`) as Answer;
    const back = readAnswer(kindOf(file), writeAnswer(kindOf(file), answer));
    t.same(withoutEmpty(back), withoutEmpty(answer), file);
  }
});

t.test('messages have the bytes that generated code writes', async (t) => {
  const codecs: Readonly<Record<QuestionKind, Codec>> = {
    chains: ChainsResponse,
    path: PathResponse,
    probability: ProbabilityResponse,
    'what-if': WhatIfResponse,
    sweep: SweepResponse,
    batch: BatchResponse,
    check: CheckResponse,
    inspect: InspectResponse,
    apply: ApplyResponse,
    reach: ReachResponse,
    solve: SolveResponse,
    timeline: TimelineResponse,
  };
  for (const file of files('examples/answers')) {
    const codec = codecs[kindOf(file)];
    const bytes = writeAnswer(kindOf(file), json(`examples/answers/${file}`) as Answer);
    t.equal(Buffer.compare(codec.encode(codec.decode(bytes) as never).finish(), bytes), 0, file);
  }
});

t.test('any text and number', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.double(), fc.integer(), (text, number, whole) => {
      for (const value of [text, `${'a'.repeat(20)}${text}`, number, whole, [text, [whole], { [text]: number }]]) {
        const bytes = encode(descriptor('Value'), toValue(value));
        // Generated code loses a key `__proto__` where it fills in what is not there: it is given all there is.
        assert.deepEqual(Buffer.from(bytes), Buffer.from(Value.encode(toValue(value)).finish()));
      }
    }),
    { numRuns: runs(200), examples: [['__proto__', 0, 0]] },
  );
});

t.test('example requests come back as they were', async (t) => {
  for (const file of files('examples/requests')) {
    const request = { snapshot: { inline: { kind: 'List', items: [] } }, ...json(`examples/requests/${file}`) };
    t.same(readRequest(kindOf(file), writeRequest(kindOf(file), request)), request, file);
  }
});

t.test('what protobuf spells otherwise', async (t) => {
  const service = (fields: object) => ({
    changes: [{ service: { namespace: 'default', name: 'web', ...fields } }],
  });
  const rows: readonly (readonly [string, QuestionKind, object])[] = [
    ['an empty list where it says something', 'chains', service({ externalIPs: [], loadBalancerSourceRanges: [] })],
    ['null', 'chains', service({ trafficDistribution: null })],
    [
      'a port by number and by name',
      'chains',
      service({
        ports: [
          { port: 80, targetPort: 8080 },
          { port: 81, targetPort: 'http' },
        ],
      }),
    ],
    ['zero and false', 'chains', { settings: { kubelet: false, kubeProxy: { iptables: { masqueradeBit: 0 } } } }],
    [
      'several snapshots',
      'chains',
      { snapshot: { parts: [{ kind: 'Node' }, { kind: 'List', items: [1, 'ä', null] }] } },
    ],
    [
      'a patch',
      'chains',
      { changes: [{ patch: { kind: 'Service', name: 'web', patch: { spec: { selector: null } } } }] },
    ],
    ['maps', 'path', { path: { iptablesSave: { 'node-1': '*nat\n' } }, settings: { kubeProxy: { featureGates: {} } } }],
    ['enums', 'path', { path: { groupBy: 'NODE', protocol: 'TCP' } }],
    [
      'weights',
      'probability',
      {
        probability: {
          clients: {
            weights: [
              { source: { pod: 'a/b' }, weight: '1/3' },
              { source: { node: 'n' }, weight: 2 },
            ],
          },
        },
      },
    ],
  ];
  for (const [name, kind, request] of rows) t.same(readRequest(kind, writeRequest(kind, request)), request, name);
  t.same(
    readRequest('path', writeRequest('path', { path: { groupBy: 'UNSPECIFIED' } })),
    { path: {} },
    'UNSPECIFIED is none',
  );
});

t.test('any JSON is a Value', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      assert.equal(JSON.stringify(fromValue(toValue(value))), JSON.stringify(value));
    }),
    { numRuns: runs(100) },
  );
  let deep: unknown = 'bottom';
  for (let depth = 0; depth < 1000; depth++) deep = [deep];
  t.match(JSON.stringify(fromValue(toValue(deep))), /bottom/, 'what is deeper than clients read is its text');
  t.equal(fromValue({}), null);
});

t.test('bad messages are distinguished', async (t) => {
  const field = new BinaryWriter()
    .uint32((90 << 3) | 2)
    .string('x')
    .finish();
  const inner = new BinaryWriter()
    .uint32((5 << 3) | 2)
    .bytes(field)
    .finish();
  const wrongType = new BinaryWriter()
    .uint32((2 << 3) | 0)
    .uint32(1)
    .finish();
  const broken = ChainsRequest.encode(
    ChainsRequest.fromPartial({ snapshot: { parts: { items: [Buffer.from('{}'), Buffer.from('{"kind": ]')] } } }),
  ).finish();
  const rows: readonly (readonly [string, Uint8Array, object])[] = [
    [
      'a field that is not known',
      field,
      { code: 'INVALID_REQUEST', problems: [{ pointer: '', detail: /no field number 90/ }] },
    ],
    [
      'deeper down',
      inner,
      { code: 'INVALID_REQUEST', problems: [{ pointer: '/chains', detail: /ChainsQuestion has no field number 90/ }] },
    ],
    [
      'a field of another type',
      wrongType,
      { code: 'INVALID_REQUEST', problems: [{ detail: /number 2, or it is of another type|number 2 in this/ }] },
    ],
    [
      'cut off',
      writeRequest('chains', { at: 'now', chains: { nodes: ['node-1'] } }).subarray(0, -3),
      { code: 'MALFORMED' },
    ],
    [
      'no JSON where it belongs',
      broken,
      { code: 'MALFORMED', problems: [{ pointer: '/snapshot/parts/1', detail: /column 10/ }] },
    ],
  ];
  for (const [name, bytes, error] of rows)
    t.match(
      thrownBy(() => readRequest('chains', bytes)),
      error,
      name,
    );
});

t.test('random bytes are refused or read, never more', async (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom<QuestionKind>('chains', 'path', 'what-if', 'batch'),
      (bytes, kind) => {
        const error = thrownBy(() => readRequest(kind, bytes));
        if (error instanceof Error) assert.equal(error.name, 'QuestionError');
      },
    ),
    { numRuns: runs(3000) },
  );
  t.pass('survived');
});

t.test('generated code is current, style is kept, released clients still work', async (t) => {
  const run = (command: string, ...args: readonly string[]) => execFileSync(command, args, { encoding: 'utf8' });
  t.equal(run('node', 'proto/generate.mjs', '--check'), '');
  t.equal(run('node_modules/.bin/buf', 'breaking', 'proto', '--against', 'proto/released.binpb'), '');
});
