// Joins the modules of the program into a few files, as part of `npm run build`: Node reads one large file several
// times as fast as a thousand small ones.
// - dist/cli/: the command line with its packages.
// - dist/server/: what `serve` and `open` run, and their worker threads. Packages stay outside: some start threads by
//   their files or serve files of their own.
import { existsSync, writeFileSync } from 'node:fs';
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

buildSync({
  ...COMMON,
  entryPoints: ['dist/src/cli.js'],
  outdir: 'dist/cli',
  external: ['./cli/serve-command.js', './cli/open-command.js'],
  // Packages in CommonJS call require() for Node's own modules.
  banner: { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" },
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
