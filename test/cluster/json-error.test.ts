import fc from 'fast-check';
import t from 'tap';
import { findJsonError, lineAndColumn } from '../../src/cluster/json-error.js';
import { runs } from '../support/runs.js';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

t.test('finds an error exactly where JSON.parse refuses', async (t) => {
  const text = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc.json().map((value) => JSON.stringify(JSON.parse(value), null, 1)),
  );
  const piece = fc.oneof(
    fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '\\u12', '\n', '0', '-', '.', 'e', 'true', 'x', '\t', ''),
    fc.string({ maxLength: 2 }),
  );
  const mutated = fc.tuple(text, fc.nat(), fc.nat(3), piece).map(([json, at, cut, added]) => {
    const place = json.length === 0 ? 0 : at % (json.length + 1);
    return json.slice(0, place) + added + json.slice(place + cut);
  });
  const noise = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  let refused = 0;
  fc.assert(
    fc.property(fc.oneof(text, mutated, noise), (candidate) => {
      const error = findJsonError(candidate);
      if (error !== undefined) refused++;
      // What is before the place must be the beginning of some JSON: no error is found earlier in it than its end.
      const prefix = error === undefined ? undefined : findJsonError(candidate.slice(0, error.offset));
      return (
        (error === undefined) === isJson(candidate) && (prefix === undefined || prefix.offset <= (error?.offset ?? 0))
      );
    }),
    { numRuns: runs(8000) },
  );
  t.ok(refused > 1000, `${refused} refused`);
});

t.test('says what was expected', async (t) => {
  for (const [text, offset, expected, found] of [
    ['', 0, 'a value', 'the end of the text'],
    ['{"a":1', 6, '"," or "}"', 'the end of the text'],
    ['[1 2]', 3, '"," or "]"', '"2"'],
    ['{a:1}', 1, 'a key in double quotes or "}"', '"a"'],
    ["{'a':1}", 1, 'a key in double quotes or "}"', '"\'"'],
    ['{"a" 1}', 5, '":"', '"1"'],
    ['{"a":1,}', 7, 'a key in double quotes', '"}"'],
    ['[]x', 2, 'the end of the text', '"x"'],
    ['"a\nb"', 2, 'the closing double quote of a string', 'the control character U+000A'],
    ['"\\x"', 1, 'an escape sequence that JSON knows', '"\\\\x"'],
    ['[01]', 2, '"," or "]"', '"1"'],
    ['[nul]', 1, 'a value or "]"', '"nul"'],
    ['[}', 1, 'a value or "]"', '"}"'],
    ['[😀]', 1, 'a value or "]"', '"😀"'],
  ] as const) {
    t.same(findJsonError(text), { offset, expected, found }, text);
  }
  t.equal(findJsonError(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), undefined, 'any depth');
  t.same(lineAndColumn('a\nb\ncd', 5), { line: 3, column: 2 });
  t.same(lineAndColumn('ab', 0), { line: 1, column: 1 });
  t.same(lineAndColumn('a\n', 1), { line: 1, column: 2 }, 'a line feed ends its own line');
  t.same(lineAndColumn('a\n', 2), { line: 2, column: 1 });
});
