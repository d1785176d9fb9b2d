/**
 * Builds the package where npm installs it from git (`npx github:…`, pre-commit): npm then has a clone of its own, in its cache, and runs this as the script `prepare`.
 * In a checkout `npm ci` runs it too, and nothing is built: that is what `npm run build` is for.
 */
import { execFileSync } from 'node:child_process';
import { join, sep } from 'node:path';

if (process.cwd().includes(`${join('_cacache', 'tmp')}${sep}`)) {
  execFileSync('npm', ['run', '-s', 'prepack'], { stdio: 'inherit' });
}
