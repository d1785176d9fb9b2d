// Joins the modules of the command line into a few files in dist/cli/, as part of `npm run build`: Node reads one large
// file several times as fast as a thousand small ones. Servers start from dist/src/, since they start workers by their files.
import { buildSync } from 'esbuild';

buildSync({
  entryPoints: ['dist/src/cli.js'],
  outdir: 'dist/cli',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifyWhitespace: true,
  legalComments: 'none',
  external: ['./cli/serve-command.js', './cli/open-command.js'],
  // Packages in CommonJS call require() for Node's own modules.
  banner: { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" },
  logLevel: 'warning',
});
