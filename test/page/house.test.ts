/**
 * The page's own house: a folder imports from itself or from those below, and nothing of the service but its contract.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';

/** From the ground up. */
const FLOORS = ['api', 'state', 'pictures', 'views'];

const files = readdirSync('ui', { recursive: true })
  .map(String)
  .filter((name) => /\.tsx?$/.test(name) && !name.includes('gen/'));

/** The modules of the page that a file imports, as paths below ui/ (or beside it). */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join('ui', file), 'utf8');
  const found = [...text.matchAll(/(?:from |import\()'(\.[^']+)'/g)].map(([, path = '']) => path);
  return found.map((path) => normalize(join(dirname(file), path)));
}

t.test('a folder imports from itself or from below', async (t) => {
  for (const file of files) {
    const floor = FLOORS.indexOf(file.split('/')[0] ?? '');
    if (floor < 0) continue;
    for (const path of importsOf(file)) {
      const [folder = ''] = path.split('/');
      // The worker's messages are types alone.
      if (path === 'worker/messages.js' || path.endsWith('.json?url')) continue;
      t.ok(FLOORS.includes(folder) && FLOORS.indexOf(folder) <= floor, `${file} imports ${path}`);
    }
  }
});

t.test('only the engine in the worker imports the service', async (t) => {
  const importing = files.filter((file) => importsOf(file).some((path) => path.startsWith('../src/')));
  t.same(importing, ['worker/engine.ts']);
});
