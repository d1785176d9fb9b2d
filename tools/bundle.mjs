// Joins the modules of the program into a few files, as part of `npm run build`: Node reads one large file several
// times as fast as a thousand small ones.
// - dist/cli/: the command line with its packages, as one script that src/joined.ts runs.
// - dist/server/: what `serve` and `open` run, and their worker threads. Packages stay outside: some start threads by
//   their files or serve files of their own.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { buildSync } from 'esbuild';

const COMMON = {
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
};

// What was compiled of an earlier script would be run in the place of one that is as long.
rmSync('dist/cli', { recursive: true, force: true });
buildSync({
  ...COMMON,
  splitting: false,
  format: 'cjs',
  entryPoints: ['dist/src/cli.js'],
  outfile: 'dist/cli/cli.cjs',
  external: ['./cli/serve-command.js', './cli/open-command.js'],
  // Modules are strict, whatever they are joined into.
  banner: { js: "'use strict';const fileUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': 'fileUrl' },
});
buildSync({
  ...COMMON,
  entryPoints: { cli: 'dist/src/cli.js', worker: 'dist/src/work/worker.js' },
  outdir: 'dist/server',
  packages: 'external',
  alias: { '#platform': './dist/src/platform/node.js' },
});
// The worker of tests: dozens of its threads are started.
const FAKE_WORKER = 'dist/test/work/fake-worker.js';
if (existsSync(FAKE_WORKER)) {
  buildSync({
    ...COMMON,
    splitting: false,
    entryPoints: [FAKE_WORKER],
    outdir: 'dist/test/work/joined',
    packages: 'external',
    alias: { '#platform': './dist/src/platform/node.js' },
  });
}
// Servers that tests start from modules have the joined worker too.
writeFileSync('dist/src/work/worker.js', "import '../../server/worker.js';\n");
