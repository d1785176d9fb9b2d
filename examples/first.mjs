// What a newcomer sees first: two questions about examples/article.json, and what to ask next.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/src/main.js', import.meta.url));
const snapshot = ['-s', 'examples/article.json'];

for (const words of [
  ['path', '--from', 'client', '--to', 'nginx-svc'],
  ['what-if', 'probability', '--to', 'nginx-svc', '--scale', 'nginx-deployment=4'],
]) {
  console.log(`$ kube-whatif ${[...words, ...snapshot].join(' ')}\n`);
  const { status } = spawnSync(process.execPath, [main, ...words, ...snapshot], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
  console.log('');
}

console.log(`What to ask next:
  node dist/src/main.js inspect -s examples/article.json
  node dist/src/main.js check -s examples/article-nodeport.json -f examples/pull-request
  node dist/src/main.js inspect          (the cluster of kubectl's context)`);
