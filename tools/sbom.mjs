/**
 * Writes a software bill of materials (CycloneDX 1.5, JSON): what npm says of the packages that the service needs, and
 * of those whose code is in the page. The same lock file gives the same bytes: without a time and without a random
 * number. Usage: node tools/sbom.mjs [FILE]   (default: dist/sbom.cdx.json)
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { shippedPackages } from './shipped-packages.mjs';

const file = process.argv[2] ?? 'dist/sbom.cdx.json';
// All of them: which are shipped is decided here.
const bom = JSON.parse(
  execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  }),
);
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
const shipped = new Map(shippedPackages('.').map((one) => [`${one.name}@${one.version}`, one]));
const refOf = ({ group, name: bare, version: of }) => `${group ? `${group}/` : ''}${bare}@${of}`;
const components = bom.components
  .filter((component) => shipped.has(refOf(component)))
  .map((component) => {
    const { where, optional } = shipped.get(refOf(component));
    const properties = (component.properties ?? []).filter((one) => !/development|bundled/.test(one.name));
    return {
      ...component,
      scope: optional ? 'optional' : 'required',
      properties: [...properties, ...where.map((value) => ({ name: 'kube-whatif:shipped-in', value }))],
    };
  })
  .sort((one, other) => (one['bom-ref'] < other['bom-ref'] ? -1 : 1));
const refs = new Set(components.map((component) => component['bom-ref']));
const own = bom.metadata.component['bom-ref'];
const dependencies = bom.dependencies
  .filter(({ ref }) => refs.has(ref) || ref === own)
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)).sort() }))
  .sort((one, other) => (one.ref < other.ref ? -1 : 1));
const { serialNumber: _random, ...head } = bom;
const { timestamp: _time, ...metadata } = bom.metadata;
const component = { ...metadata.component, type: 'application', name, version, properties: [] };
const text = JSON.stringify({ ...head, metadata: { ...metadata, component }, components, dependencies }, undefined, 1);
writeFileSync(file, `${text}\n`);
