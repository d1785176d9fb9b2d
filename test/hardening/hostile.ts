/**
 * Broken and hostile input, as fast-check makes it: snapshots that nearly are some, requests that nearly are some, and
 * bytes.
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';

/** A value where another one should be. */
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    -0,
    2 ** 53,
    '',
    ' ',
    '0',
    'null',
    [],
    {},
    [[]],
    [null],
    [{}],
  ),
  fc.constantFrom<unknown>(
    '__proto__',
    'constructor',
    'toString',
    '../../etc/passwd',
    '\u0000',
    '\ud800',
    '\u202e',
    'a'.repeat(70_000),
  ),
  fc.constantFrom<unknown>(
    '10.0.0.256',
    '::ffff:10.0.0.1',
    '0.0.0.0/0',
    '10.0.0.0/33',
    '1:2:3:4:5:6:7:8:9',
    '99999999999999999999',
  ),
  fc.constantFrom<unknown>({ length: 1e9 }, { toJSON: 1 }, { __proto__x: 1 }, { matchLabels: null }, [
    1,
    'a',
    null,
    {},
    [],
  ]),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Names of keys that objects have in common, that parsers stumble over, or that mean something to Kubernetes. */
const key = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'length',
  '',
  'a/b~c',
  'kind',
  'spec',
  'metadata',
  'status',
  'ports',
  'name',
);

/** What is done to a place of a document. */
type Edit =
  | readonly ['SET', unknown]
  | readonly ['DROP']
  | readonly ['ADD', string, unknown]
  | readonly ['TWICE']
  | readonly ['DEEP', number];

const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 6, arbitrary: odd.map((value): Edit => ['SET', value]) },
  { weight: 2, arbitrary: fc.constant<Edit>(['DROP']) },
  { weight: 2, arbitrary: fc.tuple(key, odd).map(([name, value]): Edit => ['ADD', name, value]) },
  { weight: 1, arbitrary: fc.constant<Edit>(['TWICE']) },
  { weight: 1, arbitrary: fc.constantFrom(10, 150, 250, 5000).map((depth): Edit => ['DEEP', depth]) },
);

type Container = Record<string, unknown> | unknown[];

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** Every place of a document: its container and its key there. */
function places(root: unknown): (readonly [Container, string])[] {
  const found: (readonly [Container, string])[] = [];
  const open: unknown[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (!isContainer(value)) continue;
    for (const [name, item] of Object.entries(value)) {
      found.push([value, name]);
      if (isContainer(item)) open.push(item);
    }
  }
  return found;
}

/** Stands for what JSON.stringify cannot write: text that is put in as it is. */
const RAW = 'raw text number ';

/** Makes the edits, and gives the text. `at` are places, as fractions of all. */
function edited(document: unknown, edits: readonly (readonly [number, Edit])[]): string {
  const copy = { root: structuredClone(document) };
  const raw: string[] = [];
  const put = (text: string) => `${RAW}${raw.push(text) - 1}!`;
  for (const [at, [what, first, second]] of edits) {
    const all = places(copy);
    const place = all[Math.floor(at * all.length)];
    if (place === undefined) continue;
    const [container, name] = place;
    const slot = container as Record<string, unknown>;
    const value = slot[name];
    // A copy: later edits must not get into the values that are drawn from.
    if (what === 'SET') slot[name] = structuredClone(first);
    else if (what === 'DROP') Array.isArray(container) ? container.splice(Number(name), 1) : delete slot[name];
    else if (what === 'DEEP') slot[name] = put('['.repeat(Number(first)) + ']'.repeat(Number(first)));
    else if (what === 'TWICE' && Array.isArray(container)) container.push(structuredClone(value));
    else if (what === 'TWICE') slot[name] = put(`1,${JSON.stringify(name)}:${JSON.stringify(value)}`);
    else if (isContainer(value) && !Array.isArray(value)) {
      // Keys such as __proto__ must get into the text, not into this object's prototype.
      Object.defineProperty(value, String(first), {
        value: structuredClone(second),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }
  const text = JSON.stringify(copy.root) ?? 'null';
  return text.replace(new RegExp(`"${RAW}(\\d+)!"`, 'g'), (_, index) => raw[Number(index)] ?? '');
}

const edits = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999999, noNaN: true }), edit), {
  minLength: 1,
  maxLength: 6,
});

/** A document that was right before something happened to it. */
export const spoilt = (document: unknown): fc.Arbitrary<string> => edits.map((list) => edited(document, list));

/** Bytes that are not what they are said to be. */
export const noise: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 200 }).map((text) => Buffer.from(text, 'utf8')),
  fc
    .constantFrom(
      '{',
      '[',
      '"',
      '{"snapshot":',
      '\ufeff{}',
      '{}{}',
      'null',
      '1e400',
      '{"a":1,}',
      '---\n- &a [*a]',
      '\u0000',
    )
    .map((text) => Buffer.from(text)),
  fc.constant(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
  fc
    .constantFrom(
      '['.repeat(100_000),
      '{"a":'.repeat(50_000),
      `[${'0,'.repeat(100_000)}0]`,
      `"${'\\u0000'.repeat(50_000)}"`,
    )
    .map((text) => Buffer.from(text)),
);

/** Forms that break the rules of forms. */
export const form: fc.Arbitrary<{ readonly type: string; readonly body: Buffer }> = fc
  .record({
    boundary: fc.constantFrom('b', '--', 'b b', '"q"', 'x'.repeat(70), 'x'.repeat(71), ''),
    parts: fc.array(
      fc.record({
        head: fc.constantFrom(
          'Content-Disposition: form-data; name="snapshot"',
          'Content-Disposition: form-data; name="request"',
          'Content-Disposition: form-data; name="after"; filename="\\"; x=\\""',
          'Content-Disposition: form-data',
          'content-disposition: form-data; name="__proto__"',
          `Content-Disposition: form-data; name="${'n'.repeat(20_000)}"`,
          'X: y',
          '',
        ),
        body: fc.oneof(noise, fc.constant(Buffer.from('--b\r\n')), fc.constant(readFileSync('examples/article.json'))),
      }),
      { maxLength: 4 },
    ),
    times: fc.constantFrom(1, 1, 1, 300),
    closed: fc.boolean(),
  })
  .map(({ boundary, parts, times, closed }) => {
    const pieces = parts.flatMap(({ head, body }) => [
      Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
      body,
      Buffer.from('\r\n'),
    ]);
    const many = Array.from({ length: times }, () => pieces).flat();
    const end = Buffer.from(closed ? `--${boundary}--\r\n` : `--${boundary}`);
    return {
      type: `multipart/form-data; boundary=${boundary}`,
      body: Buffer.concat([...many, end]).subarray(0, 4_000_000),
    };
  });

/** Headers that nobody should send. */
export const headers: fc.Arbitrary<Readonly<Record<string, string>>> = fc.record(
  {
    'content-type': fc.constantFrom(
      'application/json',
      'application/json; charset=utf-16',
      'text/plain',
      'multipart/form-data',
      ';',
      'a/b; c="',
    ),
    'content-encoding': fc.constantFrom('gzip', 'br', 'deflate', 'identity', 'gzip, gzip', 'zstd', 'x'.repeat(500)),
    accept: fc.constantFrom(
      '*/*',
      'text/markdown',
      'image/*',
      ';q=',
      'text/plain;q=2',
      `${'a/b,'.repeat(1000)}`,
      '\u00ff',
    ),
    'accept-encoding': fc.constantFrom('gzip', '*', 'gzip;q=0', ',,,'),
    authorization: fc.constantFrom('Bearer x', 'Bearer', `Basic ${'a'.repeat(4000)}`),
    'x-request-id': fc.constantFrom('a', '{{7*7}}', 'x'.repeat(1000), '\u00e9'),
    traceparent: fc.constantFrom('00-0-0-0', 'x'.repeat(200)),
    'x-forwarded-for': fc.constantFrom('1.2.3.4', 'localhost', ','.repeat(100)),
    expect: fc.constantFrom('100-continue'),
  },
  { requiredKeys: [] },
);

/** Much that says little: a gigabyte of blanks in a megabyte. */
export const bomb = (mebibytes: number): Buffer => gzipSync(Buffer.alloc(mebibytes * 1024 * 1024, 0x20), { level: 9 });
