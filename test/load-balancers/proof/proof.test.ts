/**
 * The proof table, cell by cell: what public answers say of a load balancer that a snapshot shows is what its
 * documentation says. Set UPDATE_PROOF_TABLE=1 to write the table into docs/load-balancers.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { LOAD_BALANCERS } from '../../../src/cluster/load-balancer-settings.js';
import { implementationOf, OBSERVE, PROPERTIES, type Shown } from './observe.js';
import { PROVIDERS, type ProviderName } from './providers.js';
import { TABLE, tableMarkdown } from './table.js';

const DOCUMENT = 'docs/load-balancers.md';
const MARKERS = [
  '<!-- proof table: made by test/load-balancers/proof/table.ts -->',
  '<!-- end of the proof table -->',
] as const;

for (const [name, row] of Object.entries(TABLE)) {
  t.test(name, async (t) => {
    const shown: Shown = PROVIDERS[name as ProviderName];
    t.equal(implementationOf(shown), name.replace(/,.*/, ''), 'the snapshot shows it');
    for (const property of PROPERTIES) {
      const { expect } = row[property];
      const found = OBSERVE[property](shown);
      t.equal(found.length, expect.length, `${property}: as many cases`);
      for (const [index, wanted] of expect.entries()) {
        const got = found[index] ?? '';
        if (typeof wanted === 'string') t.equal(got, wanted, `${property}, case ${index + 1}`);
        else t.match(got, wanted, `${property}, case ${index + 1}`);
      }
    }
  });
}

t.test('every implementation has a row', async (t) => {
  const rows = new Set(Object.keys(TABLE).map((name) => name.replace(/,.*/, '')));
  t.same(
    [...LOAD_BALANCERS].filter((name) => !rows.has(name)),
    [],
  );
});

t.test('the document holds the same table', async (t) => {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [start, end] = MARKERS.map((marker) => text.indexOf(marker)) as [number, number];
  t.ok(start >= 0 && end > start, 'the markers are there');
  const wanted = `${MARKERS[0]}\n\n${tableMarkdown(PROPERTIES)}\n\n`;
  if (process.env.UPDATE_PROOF_TABLE === '1') {
    writeFileSync(DOCUMENT, text.slice(0, start) + wanted + text.slice(end));
  } else {
    t.equal(
      text.slice(start, end),
      wanted,
      'UPDATE_PROOF_TABLE=1 node dist/test/load-balancers/proof/proof.test.js writes it',
    );
  }
});
