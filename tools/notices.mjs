/**
 * Writes THIRD-PARTY-NOTICES.txt: the licences of all packages that are shipped, with their texts and notices. Usage:
 * node tools/notices.mjs [FILE]   (default: dist/THIRD-PARTY-NOTICES.txt). Fails for a licence that is not in the list
 * below.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shippedPackages } from './shipped-packages.mjs';

/** Licences that allow what is done here: shipping the code, with the notice. */
const ALLOWED = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
]);

const file = process.argv[2] ?? 'dist/THIRD-PARTY-NOTICES.txt';
const refused = [];
const entries = new Map();
for (const { path, name, version, license, optional } of shippedPackages('.')) {
  const parts = String(license)
    .replace(/[()]/g, '')
    .split(/ AND | OR /);
  if (!parts.every((part) => ALLOWED.has(part))) refused.push(`${name} ${version}: ${license}`);
  // A package for another platform is not installed here.
  if (!existsSync(path)) {
    if (!optional) refused.push(`${name} ${version} is not installed: run npm ci`);
    continue;
  }
  const texts = readdirSync(path)
    .filter((one) => /^(licen[cs]e|copying|notice)/i.test(one) && !/\.(js|ts|json)$/i.test(one))
    .sort()
    .map((one) => readFileSync(join(path, one), 'utf8').replaceAll('\r\n', '\n').trim());
  const { author, homepage } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const by = typeof author === 'string' ? author : author?.name;
  if (texts.length === 0)
    texts.push(`Licence: ${license}${by ? `\nCopyright: ${by}` : ''}${homepage ? `\n${homepage}` : ''}`);
  const text = texts.join('\n\n');
  entries.set(text, [...(entries.get(text) ?? []), `${name} ${version} (${license})`]);
}
if (refused.length > 0) {
  console.error(`not shipped under these licences:\n${refused.join('\n')}`);
  process.exit(1);
}
const line = '-'.repeat(80);
const blocks = [...entries].map(([text, names]) => `${line}\n${names.join('\n')}\n\n${text}\n`);
writeFileSync(file, `kube-whatif holds or installs the packages below, under these licences.\n\n${blocks.join('\n')}`);
