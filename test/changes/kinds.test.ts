/** Every kind of change is whole: its schema, its words, its example and its line in docs/changes.md. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { applyChanges, CHANGE_KINDS, describeChange } from '../../src/changes/index.js';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { DOCUMENT } from '../../src/contract/gen/document.js';
import type { Change } from '../../src/contract/requests.js';
import { validateRequest } from '../../src/questions/validate-request.js';
import { AT } from './fixture.js';

interface Schemas {
  readonly Change: { readonly properties: Readonly<Record<string, { readonly $ref: string }>> };
}

const { schemas } = DOCUMENT.components as { readonly schemas: Schemas };
const { cluster } = readSnapshot({ bytes: readFileSync('examples/article-gke.json') });

t.test('the kinds and their schemas are those of the contract, in its order', async (t) => {
  const listed = Object.entries(schemas.Change.properties).map(([key, { $ref }]) => [key, $ref.split('/').at(-1)]);
  t.same(
    CHANGE_KINDS.map(({ key, schema }) => [key, schema]),
    listed,
  );
});

for (const { key, example, summary } of CHANGE_KINDS) {
  const change = { [key]: example } as Change;

  t.test(`${key}: the example is valid, does something, and is put into words`, async (t) => {
    validateRequest('check', { changes: [change], check: {} }, 'apart');
    const settings = inferSettings(cluster, undefined);
    const done = applyChanges(cluster, [change], { settings, at: AT });
    t.ok((done.applied[0]?.consequences.length ?? 0) > 0, 'something follows');
    const words = describeChange(change);
    t.not(words, JSON.stringify(change), 'not as JSON');
    const { name, manifests } = example as { readonly name?: string; readonly manifests?: unknown };
    if (name !== undefined && manifests === undefined) t.match(words, name);
    t.notMatch(words, /undefined|\[object/);
    t.match(summary, /^\S.*[^.]$/);
  });
}

t.test('docs/changes.md lists every kind, with its section and its example', async (t) => {
  const page = readFileSync('docs/changes.md', 'utf8');
  const rows = CHANGE_KINDS.map(
    ({ key, summary, example }) =>
      `| [\`${key}\`](#${key.toLowerCase()}) | ${summary} | \`${JSON.stringify({ [key]: example })}\` |`,
  );
  t.match(page, ['| change | what happens | example |', '| --- | --- | --- |', ...rows, ''].join('\n'));
  for (const { key } of CHANGE_KINDS) t.match(page, `\n## ${key}\n`);
});

t.test('what is of no known kind is put into words as JSON', async (t) => {
  for (const value of [{}, { mend: { name: 'x' } }, { toString: 1 }])
    t.equal(describeChange(value), JSON.stringify(value));
});
