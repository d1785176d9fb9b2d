/** A small cluster in a real API server, where no controller runs. */
import type { Real } from './real.js';

export type Fields = Readonly<Record<string, unknown>>;

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
export async function filled(real: Real): Promise<void> {
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
