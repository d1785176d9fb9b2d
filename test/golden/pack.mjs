// Packs recorded outputs of the real kube-proxy into archives that the tests read.
//
//   node test/golden/pack.mjs FOLDER [ENSURE_FOLDER]
//
// FOLDER holds one folder per case: snapshot.json, case.json and the outputs. ENSURE_FOLDER holds the jumps that each
// version puts into built-in chains. Each archive is gzipped JSON: { cases: [{ case, snapshot, outputs: { name: text }
// }] }. Outputs that repeat another one of the same case are stored as { same: name }.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const [folder, ensureFolder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node pack.mjs FOLDER [ENSURE_FOLDER]');
const here = dirname(fileURLToPath(import.meta.url));

const ARCHIVES = {
  iptables: /^iptables-(v|nfacct-v)/,
  'iptables-save': /^iptables-save-/,
  nftables: /^nftables-v/,
  'nftables-tx': /^nftables-tx-/,
  'nft-list': /^nft-list-/,
  ipvs: /^ipvs-v/,
};

function outputsOf(directory, pattern) {
  const outputs = {};
  const seen = new Map();
  for (const name of readdirSync(directory).sort()) {
    if (!pattern.test(name)) continue;
    const text = readFileSync(join(directory, name), 'utf8');
    outputs[name] = seen.has(text) ? { same: seen.get(text) } : text;
    if (!seen.has(text)) seen.set(text, name);
  }
  return outputs;
}

function write(name, value) {
  const bytes = gzipSync(JSON.stringify(value), { level: 9 });
  writeFileSync(join(here, `${name}.json.gz`), bytes);
  console.log(`${name}.json.gz ${bytes.length}`);
}

for (const [archive, pattern] of Object.entries(ARCHIVES)) {
  const cases = [];
  for (const name of readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((e) => e.name)
    .sort()) {
    const directory = join(folder, name);
    const outputs = outputsOf(directory, pattern);
    if (Object.keys(outputs).length === 0) continue;
    cases.push({
      case: JSON.parse(readFileSync(join(directory, 'case.json'), 'utf8')),
      snapshot: JSON.parse(readFileSync(join(directory, 'snapshot.json'), 'utf8')),
      outputs,
    });
  }
  write(archive, { cases });
}
if (ensureFolder !== undefined) {
  write('iptables-ensure', { outputs: outputsOf(ensureFolder, /^iptables-v/) });
}
