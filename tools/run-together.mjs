// Runs test files in one process: node tools/run-together.mjs FILE… Modules are loaded and compiled once for all of them.
// A failure names its file under `at`.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

for (const file of process.argv.slice(2)) await import(pathToFileURL(resolve(file)).href);
