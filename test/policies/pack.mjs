/** Packs recordings of policies' verdicts: `node test/policies/pack.mjs DIRECTORY` (one folder per case). */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const [from] = process.argv.slice(2);
const read = (name, file) => JSON.parse(readFileSync(join(from, name, file), 'utf8'));
const cases = readdirSync(from, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => [name, { snapshot: read(name, 'snapshot.json'), ...read(name, 'packets.json') }]);
writeFileSync('test/policies/golden.json.gz', gzipSync(JSON.stringify(Object.fromEntries(cases)), { level: 9 }));
