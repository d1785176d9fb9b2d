/**
 * The packages of others that are shipped: those that the service needs when it runs, and those whose code is in the
 * page.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Packages that the page's sources import, by name. */
function importedByPage(root) {
  const names = new Set();
  for (const entry of readdirSync(join(root, 'ui'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.tsx?$/.test(entry.name) || entry.name.startsWith('vite.config')) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    for (const [, name] of text.matchAll(/\bfrom '((?:@[\w-]+\/)?[\w][\w.-]*)(?:\/[\w./-]*)?'/g)) names.add(name);
  }
  names.delete('vite');
  return names;
}

/** Where `name` is found from the folder of another package, as Node looks for it. */
function resolved(packages, from, name) {
  for (let at = from; ; at = at.slice(0, at.lastIndexOf('/node_modules/'))) {
    const path = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (at === '') return undefined;
    if (!at.includes('/node_modules/')) {
      return packages[`node_modules/${name}`] === undefined ? undefined : `node_modules/${name}`;
    }
  }
}

/**
 * Each package once: its path in node_modules, name, version, licence, and where it is shipped: `service`, `page`, or
 * both. Sorted by name and version. `root` is a checkout.
 */
export function shippedPackages(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const found = new Map();
  const visit = (path, where) => {
    const one = found.get(path) ?? { path, where: new Set() };
    if (one.where.has(where)) return;
    one.where.add(where);
    found.set(path, one);
    const { dependencies = {}, optionalDependencies = {} } = packages[path];
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const next = resolved(packages, path, name);
      if (next !== undefined) visit(next, where);
    }
  };
  for (const name of Object.keys(packages[''].dependencies)) visit(`node_modules/${name}`, 'service');
  for (const name of importedByPage(root)) visit(`node_modules/${name}`, 'page');
  const once = new Map();
  for (const { path, where } of found.values()) {
    const { version, license, optional = false } = packages[path];
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    // The same version may lie in several places.
    const before = once.get(`${name}@${version}`)?.where ?? [];
    once.set(`${name}@${version}`, {
      path,
      name,
      version,
      license,
      optional,
      where: [...new Set([...before, ...where])].sort(),
    });
  }
  return [...once.values()].sort((one, other) =>
    `${one.name} ${one.version}` < `${other.name} ${other.version}` ? -1 : 1,
  );
}
