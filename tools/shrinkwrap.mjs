/**
 * Writes npm-shrinkwrap.json, which npm takes the versions of a package's dependencies from: those that the tests ran
 * with, overrides included, which npm otherwise ignores in a package that is installed. Part of `npm pack`. Usage: node
 * tools/shrinkwrap.mjs [--remove] [FOLDER]   (FOLDER: where it is written; default: this one)
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder = '.'] = process.argv.slice(2).filter((argument) => argument !== '--remove');
const file = join(folder, 'npm-shrinkwrap.json');
if (process.argv.includes('--remove')) rmSync(file, { force: true });
else {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  // What only development needs is not installed with a package.
  lock.packages = Object.fromEntries(Object.entries(lock.packages).filter(([, { dev }]) => dev !== true));
  delete lock.packages[''].devDependencies;
  writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
}
