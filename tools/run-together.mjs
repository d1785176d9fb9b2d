// Runs test files in one process: node tools/run-together.mjs FILE… Modules are loaded and compiled once for all of
// them. A failure names its file under `at`.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const files = process.argv.slice(2);
// tap names folders of tests by the file that Node.js was started with, and processes must not share those.
process.argv = [process.argv[0], resolve(files[0])];
for (const file of files) await import(pathToFileURL(resolve(file)).href);
