/** `kubectl whatif` against a real API server, through a real kubectl (`npm run test:apiserver`). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../cli/run.js';
import { type Fields, filled } from './filled.js';
import { missingPrograms, Real } from './real.js';

const missing = missingPrograms();
t.setTimeout(600_000);

t.test('kubectl whatif reads a real cluster', { skip: missing ?? false }, async (t) => {
  const real = await Real.start();
  t.teardown(() => real.stop());
  await filled(real);
  const env = { PATH: `${real.kubectlFolder()}:${process.env.PATH ?? ''}` };
  const path = await run(['path', '--from', 'shop/client', '--to', 'shop/web'], { env });
  t.equal(path.code, 0, path.stderr);
  t.match(path.stdout, /^Delivered: shop\/client reaches shop\/web/);
  const inspected = await run(['inspect'], { env });
  t.not(inspected.code, 2, inspected.stderr);
  const folder = t.testdir();
  const file = join(folder, 'web.json');
  const spec = { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 9090 }] };
  const manifest = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'shop' }, spec };
  writeFileSync(file, JSON.stringify(manifest));
  const answer = await run(['apply', '-f', file, '--json'], { env });
  const [web] = (JSON.parse(answer.stdout) as { result: { objects: readonly Fields[] } }).result.objects;
  const really = await real.kubectl(['apply', '-f', file, '--dry-run=server', '-o', 'json']);
  t.match(web, { outcome: 'CONFIGURED', after: { spec: (JSON.parse(really.out) as Fields).spec } });
  const saved = join(folder, 'cluster.json');
  const kept = await run(['snapshot', '--show-managed-fields', '-o', saved], { env });
  t.equal(kept.code, 0, kept.stderr);
  t.match(readFileSync(saved, 'utf8'), /kubectl-client-side-apply/);
  const side = await run(['apply', '-s', saved, '-f', file, '--server-side', '--json'], { env });
  const [same] = (JSON.parse(side.stdout) as { result: { objects: readonly Fields[] } }).result.objects;
  const forReal = await real.kubectl(['apply', '--server-side', '-f', file, '-o', 'json']);
  t.match(same, { outcome: 'CONFIGURED', after: { spec: (JSON.parse(forReal.out) as Fields).spec } });
});
