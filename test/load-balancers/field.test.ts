/** Load balancers of public reports and documents, with what those established. Each stands for a kind. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { PathResult, ServiceProbability } from '../../src/contract/answers.js';
import type { Change, PathQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';

const snapshot = (name: string) =>
  readSnapshot({ bytes: gunzipSync(readFileSync(`test/load-balancers/field/${name}.json.gz`)) });

/** What one Service's port gives for clients that come through its load balancer. */
function through(
  file: string,
  service: { namespace: string; name: string; port?: number },
  rest: { readonly changes?: readonly Change[]; readonly phase?: 'BEFORE' | 'AFTER' } = {},
) {
  const { changes, ...question } = rest;
  const answer = ask(
    'probability',
    {
      ...(changes === undefined ? {} : { changes }),
      probability: { services: [service], clients: { loadBalancer: {} }, ...question },
    },
    snapshot(file),
  );
  return { ...answer, service: answer.result.services[0] as ServiceProbability };
}

function path(file: string, question: PathQuestion): PathResult {
  return ask('path', { path: question }, snapshot(file)).result;
}

const shop = (name: string, port?: number) => ({ namespace: 'shop', name, ...(port === undefined ? {} : { port }) });
const shares = ({ endpoints }: ServiceProbability) => endpoints.map(({ share }) => share.fraction);
const verdicts = ({ verdicts: all }: { readonly verdicts: PathResult['verdicts'] }) =>
  all.map(({ verdict, cause, share }) => `${share.fraction} ${verdict}${cause === undefined ? '' : `/${cause}`}`);

t.test('NLB: a health check for each port, whose result is the walk of its probe', async (t) => {
  const file = '16-eks-nlb-a-health-check-per-port';
  const probes = path(file, { source: { healthCheck: { service: shop('web') } } });
  const found = probes.traces.map(
    ({ healthCheck, verdict, count = 1 }) => `${count} ${healthCheck?.healthy} ${verdict}`,
  );
  t.same([...new Set(found)].sort(), ['1 false REJECTED', '1 true DELIVERED']);
  const outside = { external: { address: '192.0.2.9' } };
  const to = (port: number) =>
    verdicts(path(file, { source: outside, destination: { service: { ...shop('web', port), via: 'LOAD_BALANCER' } } }));
  t.same(to(443), ['1 DELIVERED']);
  t.same(to(80), ['1 REJECTED/NO_ENDPOINTS'], 'all targets of its group fail: it sends to all of them');
  const [http, https] = [80, 443].map((port) => through(file, shop('web', port)).service.loadBalancer);
  t.same(
    [http, https].map((one) => [one?.healthCheck.port, ...(one?.backends ?? []).map(({ healthy }) => healthy)]),
    [
      [30080, false, false],
      [30443, true, true],
    ],
  );
});

t.test('Azure: appProtocol makes HTTP probes, whose answer is the application’s', async (t) => {
  const file = '18-aks-appprotocol-makes-http-probes';
  const ing = (port: number) => through(file, { namespace: 'ingress', name: 'ing', port });
  for (const [port, protocol, node] of [
    [80, 'HTTP', 30080],
    [443, 'HTTPS', 30443],
  ] as const) {
    const { service, assumptions } = ing(port);
    const check = service.loadBalancer?.healthCheck;
    t.same([check?.protocol, check?.port, check?.path], [protocol, node, '/']);
    t.match(service.loadBalancer?.backends[0]?.health, /not known/);
    t.ok(assumptions.some(({ field }) => field === 'loadBalancer.probesPass'));
  }
});

t.test('a new Service of type LoadBalancer moves no other’s stand-in', async (t) => {
  const added: Change = {
    apply: {
      manifests: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'new', namespace: 'shop' },
          spec: { type: 'LoadBalancer', selector: { app: 'api' }, ports: [{ port: 80, targetPort: 8080 }] },
        },
      ],
    },
  };
  const gone: Change = { pods: { namespace: 'shop', names: ['cart-2'], state: 'DELETED' } };
  const answer = ask(
    'check',
    { check: {}, changes: [added, gone] },
    snapshot('30-gke-new-load-balancer-touches-every-neg-service'),
  );
  t.same(
    answer.result.services.map(({ service, change }) => `${service} ${change}`),
    ['shop/cart CHANGED', 'shop/new ADDED'],
  );
  t.notOk(answer.findings.some(({ code }) => code === 'DOOR_REMOVED'));
  t.ok(answer.result.services[0]?.doors.every(({ change }) => change === 'CHANGED'));
});

t.test('a cordon and a label touch no balanced Service, and nothing is lost', async (t) => {
  const file = '37-gke-cordon-touches-every-neg-service';
  const cordon: Change = { node: { name: 'gke-03', action: 'CORDON' } };
  const label: Change = { patch: { kind: 'Node', name: 'gke-03', patch: { metadata: { labels: { x: 'y' } } } } };
  for (const change of [cordon, label]) {
    const { result, findings } = ask('check', { check: {}, changes: [change] }, snapshot(file));
    t.equal(result.counts.touched, 0);
    t.notOk(findings.some(({ code }) => code === 'LOST_UNTIL_CONVERGED'));
  }
  const plain = through(file, shop('web')).service;
  const before = through(file, shop('web'), { changes: [cordon], phase: 'BEFORE' }).service;
  t.same(verdicts(before), verdicts(plain));
  t.same(shares(before), shares(plain));
});

t.test('GKE: class l4-regional-internal has GCE_VM_IP NEGs, 24 of 30 nodes', async (t) => {
  const { service } = through('01-gke-class-regional-internal', shop('web'));
  t.equal(service.loadBalancer?.backends.length, 24);
  t.equal(service.loadBalancer?.excluded.length, 6);
  t.match(service.loadBalancer?.group, /NEG/);
  t.same(shares(service), ['1/4', '1/4', '1/4', '1/4']);
});

t.test('GKE: class l4-regional-external-legacy is a target pool', async (t) => {
  const { service } = through('03-gke-class-regional-external-legacy', shop('web'));
  t.equal(service.loadBalancer?.implementation, 'gke-external-passthrough');
  t.equal(service.loadBalancer?.group, 'target pool');
  t.equal(service.loadBalancer?.reply, 'DIRECT');
  t.match(service.loadBalancer?.healthCheck, { port: 31000, intervalSeconds: 3 });
});

t.test('GKE: annotation neg {"ingress":true} alone shows no load balancer', async (t) => {
  const file = '05-gke-neg-annotation-without-ingress';
  t.throws(() => through(file, shop('api')), { code: 'INVALID_REQUEST' });
  const gone: Change = { pods: { namespace: 'shop', names: ['api-1'], state: 'DELETED' } };
  const { result } = ask('check', { check: {}, changes: [gone] }, snapshot(file));
  t.notOk(result.services.some(({ doors }) => doors.some(({ via }) => via === 'LOAD_BALANCER')));
});

t.test('GKE: weights need a backend service and policy Local', async (t) => {
  const file = '06-gke-weighted-needs-backend-service';
  t.same(shares(through(file, shop('web')).service), ['1/6', '1/6', '1/6', '1/2'], 'a target pool has none');
  t.same(shares(through(file, shop('web2')).service), ['1/4', '1/4', '1/4', '1/4']);
  const cluster = through(file, shop('web3')).service;
  t.same(shares(cluster), ['1/4', '1/4', '1/4', '1/4']);
  t.same(
    cluster.loadBalancer?.backends.map(({ share }) => share.fraction),
    ['1/2', '1/2'],
  );
});

t.test('AKS: the ip-masq-agent’s ConfigMaps say which networks see pods’ addresses', async (t) => {
  const { traces } = path('21-aks-ip-masq-agent', {
    source: { pod: 'shop/client-1' },
    destination: { address: '10.31.100.222', port: 53 },
    protocol: 'UDP',
  });
  const steps = traces[0]?.hops.flatMap((one) => one.steps) ?? [];
  t.equal(steps.find(({ action }) => action === 'MASQUERADE')?.after?.source, '10.224.0.4');
});

t.test('MetalLB: an L2Advertisement that selects no node: nobody answers for the address', async (t) => {
  const { service } = through('23-metallb-l2advertisement-selects-no-node', shop('web'));
  t.same(verdicts(service), ['1 UNREACHABLE/NO_BACKENDS']);
});

t.test(
  'Octavia: Amphora puts its own address, and without a monitor members without endpoints lose their part',
  async (t) => {
    const { service, assumptions } = through('27-octavia-amphora-client-address-and-no-monitor', shop('web'));
    t.equal(service.loadBalancer?.implementation, 'octavia');
    t.same(verdicts(service), ['2/3 DELIVERED', '1/3 DROPPED/NO_LOCAL_ENDPOINTS']);
    t.ok(assumptions.some(({ field }) => field === 'loadBalancer.provider'));
    const outside = { external: { address: '198.51.100.9' } };
    const { traces } = path('27-octavia-amphora-client-address-and-no-monitor', {
      source: outside,
      destination: { service: { ...shop('web', 80), via: 'LOAD_BALANCER' } },
    });
    t.same(
      [...new Set(traces.filter(({ verdict }) => verdict === 'DELIVERED').map((one) => one.clientAddressKept))],
      [false],
    );
  },
);
