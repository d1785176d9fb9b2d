/** The command that makes a snapshot is one constant: wherever people read it, it lists the same kinds. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SNAPSHOT_KINDS } from '../../src/base/kubectl.js';

const FOLDERS = ['docs', 'ui', 'deploy', 'src'];
const TEXT = /\.(?:md|tsx?|yaml|yml|sh)$/;

t.test('texts that say how to make a snapshot name every kind', async (t) => {
  const files = [
    'README.md',
    'action.yml',
    ...FOLDERS.flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => TEXT.test(file) && !file.includes('gen/'))
        .map((file) => join(folder, file)),
    ),
  ];
  let found = 0;
  for (const file of files) {
    for (const [line] of readFileSync(file, 'utf8').matchAll(/kubectl get nodes,\w.*/g)) {
      found++;
      t.ok(line.startsWith(`kubectl get ${SNAPSHOT_KINDS.join(',')} `), `${file}: ${line}`);
    }
  }
  t.ok(found >= 3, 'README.md, docs/ and the page say it');
});
