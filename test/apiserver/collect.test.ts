/** The collector against a real API server, with the rights that it prints and no others (`npm run test:apiserver`). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { rbacManifest } from '../../src/collect/collected-resources.js';
import { run } from '../cli/run.js';
import { post, QUICK, start } from '../rest/support.js';
import { filled } from './filled.js';
import { missingPrograms, Real } from './real.js';

const missing = missingPrograms();
t.setTimeout(600_000);

t.test('the collector reads a real cluster', { skip: missing ?? false }, async (t) => {
  const real = await Real.start();
  t.teardown(() => real.stop());
  await filled(real);
  await real.call('POST', '/api/v1/namespaces', { metadata: { name: 'kube-whatif' } });
  const applied = await real.kubectl(['apply', '-f', '-'], rbacManifest());
  t.equal(applied.code, 0, applied.err);
  const secret = { metadata: { name: 'secret', namespace: 'shop' }, data: { password: 'aHVudGVyMg==' } };
  await real.call('POST', '/api/v1/namespaces/shop/secrets', secret);
  const map = {
    metadata: { name: 'kube-proxy', namespace: 'kube-system' },
    data: { 'config.conf': 'mode: nftables\n' },
  };
  await real.call('POST', '/api/v1/namespaces/kube-system/configmaps', map);
  const made = await real.kubectl(['create', 'token', 'kube-whatif-collector', '-n', 'kube-whatif']);
  t.equal(made.code, 0, made.err);
  const [server = ''] = real.access;
  const config = join(t.testdir(), 'config');
  writeFileSync(
    config,
    JSON.stringify({
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: server.replace('--server=', ''), 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: made.out.trim() } }],
    }),
  );
  const running = await start({ small: QUICK, held: QUICK });
  t.teardown(() => running.app.close());
  const words = [
    'collect',
    '--once',
    '--name',
    'real',
    '--server',
    `http://127.0.0.1:${running.port}`,
    '--kubeconfig',
    config,
  ];
  const env = { COLLECT_PAGE: '2', LOG_LEVEL: 'silent' };
  t.match(await run(words, { env }), { code: 0, stdout: /is the newest version of real/ });
  const reply = await post(running, '/v1/path', {
    snapshot: { name: 'real' },
    path: { source: { pod: 'shop/client' }, destination: { service: { namespace: 'shop', name: 'web', port: 80 } } },
  });
  t.equal(reply.status, 200, reply.text.slice(0, 300));
  t.same(
    reply.json().snapshot.counts,
    { Node: 2, Pod: 3, Service: 2, EndpointSlice: 1, ConfigMap: 1 },
    reply.text.slice(0, 500),
  );
  t.notMatch(reply.text, /hunter2|aHVudGVyMg/);
  t.match(await run(words, { env }), { code: 0, stdout: /was the newest version already/ });
});
