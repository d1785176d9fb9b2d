/**
 * Packs recordings of `kubectl apply` (one JSON file per kind) for the tests: what was there, what was applied, the
 * results. Usage: node test/changes/golden-apply/pack.mjs FOLDER
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const [folder] = process.argv.slice(2);
const packed = {};
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  for (const [name, recording] of Object.entries(JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')))) {
    const { patch: _patch, ...client } = recording.client;
    const { before, manifest, server, force } = recording;
    packed[name] = { group: file.replace('.json', ''), before, manifest, client, server, force };
  }
}
writeFileSync(new URL('recordings.json.gz', import.meta.url), gzipSync(JSON.stringify(packed), { level: 9 }));
