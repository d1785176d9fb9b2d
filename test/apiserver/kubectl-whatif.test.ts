/** `kubectl whatif` against a real API server, through a real kubectl (`npm run test:apiserver`). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../cli/run.js';
import { missingPrograms, Real } from './real.js';

type Fields = Readonly<Record<string, unknown>>;

const missing = missingPrograms();
t.setTimeout(600_000);

const NODES = ['a', 'b'].map((name, index) => ({
  metadata: { name },
  spec: { podCIDR: `10.244.${index}.0/24` },
  status: {
    addresses: [{ type: 'InternalIP', address: `192.168.0.1${index}` }],
    conditions: [{ type: 'Ready', status: 'True', reason: 'x', message: 'x' }],
    nodeInfo: { kubeletVersion: 'v1.36.4', kubeProxyVersion: 'v1.36.4', operatingSystem: 'linux' },
    allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
    capacity: { cpu: '4', memory: '8Gi', pods: '110' },
  },
}));

const pod = (name: string, node: string, ip: string, app: string) => ({
  metadata: { name, labels: { app } },
  spec: { nodeName: node, containers: [{ name: 'app', image: 'nginx:1.27' }] },
  status: {
    phase: 'Running',
    podIP: ip,
    podIPs: [{ ip }],
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});

/** What a cluster without controllers needs: nodes, pods with addresses, a Service with its slice. */
async function filled(real: Real): Promise<void> {
  const put = async (path: string, value: Fields & { readonly status?: unknown }) => {
    const { name } = value.metadata as { readonly name: string };
    await real.call('POST', path, value);
    if (value.status === undefined) return;
    const { body } = await real.call('GET', `${path}/${name}`);
    await real.call('PUT', `${path}/${name}/status`, { ...(body as Fields), status: value.status });
  };
  await real.call('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
  const shop = '/api/v1/namespaces/shop';
  await real.call('POST', `${shop}/serviceaccounts`, { metadata: { name: 'default' } });
  for (const node of NODES) await put('/api/v1/nodes', node);
  const pods = [
    pod('web-1', 'a', '10.244.0.5', 'web'),
    pod('web-2', 'b', '10.244.1.5', 'web'),
    pod('client', 'a', '10.244.0.9', 'client'),
  ];
  for (const one of pods) await put(`${shop}/pods`, one);
  const manifest = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
  await real.kubectl(['apply', '-f', '-'], JSON.stringify(manifest));
  await put('/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices', {
    metadata: { name: 'web-x', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: pods.slice(0, 2).map(({ metadata, spec, status }) => ({
      addresses: [status.podIP],
      nodeName: spec.nodeName,
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace: 'shop', name: metadata.name },
    })),
  } as never);
}

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
