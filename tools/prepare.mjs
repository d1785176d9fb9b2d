/**
 * Builds the package where npm installs it from git (`npx github:…`, pre-commit): npm then has a clone of its own, in
 * its cache, and runs this as the script `prepare`. In a checkout `npm ci` runs it too, and nothing is built: that is
 * what `npm run build` is for.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';

if (process.cwd().includes(`${join('_cacache', 'tmp')}${sep}`) && !existsSync('dist/sbom.cdx.json')) {
  // With `npm install -g` the clone gets no packages: what is global for the one command would be for this one, too.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_config_(global|location|install_links|omit|include|prefix|local_prefix)$/i.test(name),
    ),
  );
  const npm = (...args) => execFileSync('npm', args, { stdio: 'inherit', env });
  if (!existsSync('node_modules/typescript'))
    npm('ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline');
  npm('run', '-s', 'prepack');
}
