// Puts the program into a few files, as part of `npm run build`: dist/src/app/. A process or a worker thread that loads nine hundred
// modules one by one spends half of its start on finding them. dist/src/main.js and dist/src/work/worker.js stay where they are
// and load the bundled ones. Packages stay outside.
import { rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const FOLDER = 'dist/src/app';

rmSync(FOLDER, { recursive: true, force: true });
await build({
  entryPoints: { main: 'dist/src/main.js', worker: 'dist/src/work/worker.js' },
  outdir: FOLDER,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  alias: { '#platform': './dist/src/platform/node.js' },
  // Names stay readable in stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
});
writeFileSync('dist/src/main.js', "#!/usr/bin/env node\nimport './app/main.js';\n");
writeFileSync('dist/src/work/worker.js', "export { default } from '../app/worker.js';\n");
