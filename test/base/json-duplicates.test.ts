import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { duplicateJsonKeys, fieldsInBytes } from '../../src/base/json-duplicates.js';
import { runs } from '../support/runs.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** The fields of a value that has no key twice. */
function fieldsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, one) => sum + fieldsOf(one), own);
}

const TEXTS: readonly (readonly [text: string, fields: number])[] = [
  ['{}', 0],
  ['[]', 0],
  ['":"', 0],
  ['{"a":1}', 1],
  ['{"a" : 1}', 1],
  ['{"a"\n:1,"b"\t:2}', 2],
  ['{"a":{"b":[{"c":1},{"c":2}]}}', 4],
  ['{"a":1,"a":2}', 2],
  ['{":":":"}', 1],
  ['{"a":"b : c"}', 1],
  ['{"args":[":8080",":9090"]}', 1],
  ['{"a":":80"}', 1],
  ['{"":{"":":"}}', 2],
  ['{",":1,"[":[":"]}', 2],
  ['{"a":"\\":1"}', 1],
  ['{"a\\\\":1}', 1],
  ['{"a\\\\\\"":1}', 1],
  ['{"a":"{\\"kind\\":\\"Pod\\"}","b":2}', 2],
  ['{"ä":"ö:ü","日本":{"語":":"}}', 3],
];

t.test('how many fields a text has is counted in its bytes', async (t) => {
  for (const [text, fields] of TEXTS) {
    JSON.parse(text);
    // Bytes may lie anywhere in what holds them: in a file that was read, or in a part of a request.
    for (let offset = 0; offset < 8; offset++) {
      const whole = new Uint8Array(offset + bytesOf(text).length).fill(0x3a);
      whole.set(bytesOf(text), offset);
      t.equal(fieldsInBytes(whole.subarray(offset)), fields, `${text} behind ${offset} bytes`);
    }
  }
});

// Characters that matter to whoever counts, and some others.
const word = fc.string({
  unit: fc.constantFrom(':', '"', '\\', ' ', '\t', '{', '}', ',', 'a', 'ä', '\n'),
  maxLength: 6,
});
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    word,
    fc.integer(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(word, tie('value'), { maxKeys: 4 }),
  ),
})).value;

t.test('of any value in any spacing', async () => {
  fc.assert(
    fc.property(
      json,
      fc.constantFrom<string | number | undefined>(undefined, 1, '\t'),
      fc.nat(7),
      (value, indent, skip) => {
        const text = JSON.stringify(value, undefined, indent);
        const parsed: unknown = JSON.parse(text);
        const whole = bytesOf(`${'x'.repeat(skip)}${text}`);
        assert.equal(fieldsInBytes(whole.subarray(skip)), fieldsOf(parsed));
        assert.equal(duplicateJsonKeys(text, [parsed], 1).total, 0);
      },
    ),
    { numRuns: runs(300) },
  );
});

t.test('keys that are there twice are found whatever stands around them', async () => {
  fc.assert(
    fc.property(word, word, fc.constantFrom('', ' ', '\n  '), (key, text, space) => {
      const own = `${JSON.stringify(key)}${space}:${space}${JSON.stringify(text)}`;
      const all = `{"x":{${own},${own}}}`;
      const value: unknown = JSON.parse(all);
      const counts = { inText: fieldsInBytes(bytesOf(all)), inValues: fieldsOf(value) };
      const { total, listed } = duplicateJsonKeys(all, [value], 5, counts);
      assert.equal(total, 1);
      assert.equal(listed[0]?.key, key);
    }),
    { numRuns: runs(300) },
  );
});
