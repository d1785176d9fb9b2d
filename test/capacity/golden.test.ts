/** Recorded cases of load and time, each worked out by two exact methods independent of this project. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { answerModel } from '../../src/capacity/models.js';

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly given: unknown;
  readonly answer: unknown;
}

const file = JSON.parse(gunzipSync(readFileSync('test/capacity/cases.json.gz')).toString('utf8'));
const cases: readonly Case[] = Array.isArray(file) ? file : file.cases;

/** Where two answers differ: probabilities and means by a relative 1e-9, whole numbers exactly. */
function differences(expected: unknown, found: unknown, at: string): readonly string[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length)
      return [`${at}: ${JSON.stringify(found)} is no such list`];
    return expected.flatMap((one, index) => differences(one, found[index], `${at}/${index}`));
  }
  if (typeof expected === 'object' && expected !== null) {
    const fields = expected as Readonly<Record<string, unknown>>;
    if ('simulated' in fields) {
      const own = (found as { readonly simulated: number }).simulated;
      const off = Math.abs(own - (fields.simulated as number));
      return off <= 2 * (fields.tolerance as number) ? [] : [`${at}: ${own} is not near ${fields.simulated}`];
    }
    if (typeof fields.decimal === 'string') {
      const wanted = Number(fields.decimal);
      const near = typeof found === 'number' && Math.abs(found - wanted) <= 1e-9 * Math.max(Math.abs(wanted), 1e-300);
      return near ? [] : [`${at}: ${JSON.stringify(found)} is not ${fields.decimal}`];
    }
    return Object.entries(fields).flatMap(([name, value]) =>
      differences(value, (found as Readonly<Record<string, unknown>> | null)?.[name], `${at}/${name}`),
    );
  }
  return found === expected ? [] : [`${at}: ${JSON.stringify(found)} is not ${JSON.stringify(expected)}`];
}

for (const { id, kind, given, answer } of cases) {
  t.test(`${kind}: ${id}`, async (t) => {
    t.same(differences(answer, answerModel(kind, given, ''), id), []);
  });
}
