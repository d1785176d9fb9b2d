import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readArguments } from '../../src/cli/arguments.js';
import { type AskedKind, buildRequest } from '../../src/cli/build-request.js';
import { validateRequest } from '../../src/questions/validate-request.js';

const WEB = { namespace: 'default', name: 'web' };

async function built(kind: AskedKind, args: readonly string[], base?: unknown): Promise<unknown> {
  return await buildRequest(kind, readArguments(kind, args), base);
}

/** What is behind `--from`, and the source it makes. */
const SOURCES: readonly (readonly [string, unknown])[] = [
  ['pod/default/client', { pod: 'default/client' }],
  ['node/node-1', { node: 'node-1' }],
  ['pod-on/node-1', { podOn: 'node-1' }],
  ['workload/deployment/default/web', { workload: { kind: 'Deployment', ...WEB } }],
  ['deployment/default/web', { workload: { kind: 'Deployment', ...WEB } }],
  ['deploy/default/web', { workload: { kind: 'Deployment', ...WEB } }],
  ['StatefulSet/default/web', { workload: { kind: 'StatefulSet', ...WEB } }],
  ['ds/default/web', { workload: { kind: 'DaemonSet', ...WEB } }],
  ['external', { external: {} }],
  ['external/203.0.113.9', { external: { address: '203.0.113.9' } }],
  ['external@node-2', { external: { entersAt: 'node-2' } }],
  ['external/2001:db8::9@node-2', { external: { address: '2001:db8::9', entersAt: 'node-2' } }],
  ['external/[2001:db8::9]@node-2', { external: { address: '2001:db8::9', entersAt: 'node-2' } }],
];

/** What is behind `--to`, and the destination it makes. */
const DESTINATIONS: readonly (readonly [string, unknown])[] = [
  ['svc/default/web', { service: WEB }],
  ['service/default/web:80', { service: { ...WEB, port: 80 } }],
  ['svc/default/web:http', { service: { ...WEB, portName: 'http' } }],
  ['10.0.0.1:80', { address: '10.0.0.1', port: 80 }],
  ['[fd00::1]:80', { address: 'fd00::1', port: 80 }],
  ['web.default.svc.cluster.local:80', { host: 'web.default.svc.cluster.local', port: 80 }],
  ['pod/default/web-1:8080', { pod: 'default/web-1', port: 8080 }],
];

t.test('sources and destinations', async (t) => {
  for (const [text, source] of SOURCES) {
    const request = await built('path', ['--from', text, '--to', '10.0.0.1:80']);
    t.same(request, { path: { source, destination: { address: '10.0.0.1', port: 80 } } }, text);
    t.same(validateRequest('path', request, 'apart'), request, `${text} is within the contract`);
    const weighted = await built('probability', ['--weight', `${text}=3/4`]);
    t.same(weighted, { probability: { clients: { weights: [{ source, weight: '3/4' }] } } }, text);
  }
  for (const [text, destination] of DESTINATIONS) {
    const request = await built('path', ['--from', 'node/a', '--to', text]);
    t.same(request, { path: { source: { node: 'a' }, destination } }, text);
    t.same(validateRequest('path', request, 'apart'), request, `${text} is within the contract`);
  }
});

t.test('everything that sweep takes', async (t) => {
  const request = await built('sweep', [
    ...[
      '--workload',
      'statefulset/default/web',
      '--replicas',
      '3..300/10',
      '--to',
      'svc/default/web:80',
      '--via',
      'node-port',
    ],
    ...[
      '--clients',
      'external@node-1',
      '--largest-share',
      '1/20',
      '--largest-node-share',
      '1/4',
      '--largest-zone-share',
      '1/2',
    ],
    ...['--imbalance', '3/2', '--delivered', '1', '--detail', 'endpoints'],
  ]);
  t.same(request, {
    sweep: {
      scale: { kind: 'StatefulSet', ...WEB },
      from: 3,
      to: 300,
      step: 10,
      probability: {
        services: [{ ...WEB, port: 80, via: 'NODE_PORT' }],
        clients: { external: { entersAt: ['node-1'] } },
      },
      bound: {
        largestShare: '1/20',
        largestNodeShare: '1/4',
        largestZoneShare: '1/2',
        imbalance: '3/2',
        delivered: '1',
      },
      detail: 'ENDPOINTS',
    },
  });
  t.same(validateRequest('sweep', request, 'apart'), request);
  const listed = await built('sweep', ['--workload', 'default/web', '--replicas', '3,5,8']);
  t.same(listed, { sweep: { scale: { kind: 'Deployment', ...WEB }, replicas: [3, 5, 8] } });
});

/** What is behind `--load-balancer`. */
const LOAD_BALANCERS: readonly (readonly [string, unknown])[] = [
  ['generic', { implementation: 'generic' }],
  [
    'gke-internal-passthrough,subsetting,weighted=false,previousSubset=n1+n2',
    {
      implementation: 'gke-internal-passthrough',
      options: { subsetting: true, weighted: false, previousSubset: ['n1', 'n2'] },
    },
  ],
  ['backends=target-pool', { options: { backends: 'TARGET_POOL' } }],
];

t.test('load balancers, their health checks and their probes', async (t) => {
  for (const [text, loadBalancer] of LOAD_BALANCERS) {
    const request = await built('chains', ['--load-balancer', text]);
    t.same(request, { settings: { loadBalancer } }, text);
    t.same(validateRequest('chains', request, 'apart'), request, `${text} is within the contract`);
  }
  const probes = await built('path', ['--from', 'health-check/default/web@a', '--phase', 'before']);
  t.same(probes, { path: { source: { healthCheck: { service: WEB, node: 'a' } }, phase: 'BEFORE' } });
  t.same(validateRequest('path', probes, 'apart'), probes, 'within the contract');
  t.same(await built('probability', ['--phase', 'after']), { probability: { phase: 'AFTER' } });
  await t.rejects(built('chains', ['--load-balancer', '']), /--load-balancer needs a value/);
});

t.test('everything that path takes', async (t) => {
  const folder = t.testdir();
  const file = join(folder, 'save');
  writeFileSync(file, '*nat\nCOMMIT\n');
  const args = ['--via', 'node-port', '--to-node', 'node-2', '--protocol', 'udp', '--family', '6', '--max-traces', '5'];
  const more = ['--group-by', 'verdict', '--returning-to', '10.0.0.1:80', '--iptables-save', `node-1=${file}`];
  const request = await built('path', ['--from', 'node/a', '--to', 'svc/default/web', ...args, ...more]);
  const path = {
    source: { node: 'a' },
    destination: { service: { ...WEB, via: 'NODE_PORT', node: 'node-2' } },
    protocol: 'UDP',
    family: 'IPv6',
    maxTraces: 5,
    groupBy: 'VERDICT',
    returningTo: '10.0.0.1:80',
    iptablesSave: { 'node-1': '*nat\nCOMMIT\n' },
  };
  t.same(request, { path });
  t.same(validateRequest('path', request, 'apart'), request);
});

t.test('everything that chains takes', async (t) => {
  const args = ['--node', 'a', '--node', 'b', '--family', 'IPv4', '--family', 'ipv6', '--service', 'default/web'];
  const more = ['--format', 'save', '--flavour', 'legacy', '--chain', 'KUBE-SERVICES', '--max-bytes', '1000'];
  const request = await built('chains', [...args, ...more]);
  const chains = {
    nodes: ['a', 'b'],
    families: ['IPv4', 'IPv6'],
    services: ['default/web'],
    format: 'SAVE',
    flavour: 'LEGACY',
    chains: ['KUBE-SERVICES'],
    maxBytes: 1000,
  };
  t.same(request, { chains });
  t.same(validateRequest('chains', request, 'apart'), request);
  t.same(await built('chains', []), {}, 'nothing is asked for that was not given');
});

/** What is behind `--clients`. */
const CLIENTS: readonly (readonly [string, unknown])[] = [
  ['nodes', { nodes: { from: 'POD' } }],
  ['nodes@a,b', { nodes: { from: 'POD', names: ['a', 'b'] } }],
  ['hosts', { nodes: { from: 'HOST' } }],
  ['pod/default/client', { pod: 'default/client' }],
  ['workload/sts/default/web', { workload: { kind: 'StatefulSet', ...WEB } }],
  ['external', { external: {} }],
  ['load-balancer', { loadBalancer: {} }],
  ['load-balancer/[2001:db8::9]', { loadBalancer: { address: '2001:db8::9' } }],
  ['external/203.0.113.9@a,b', { external: { address: '203.0.113.9', entersAt: ['a', 'b'] } }],
];

t.test('everything that probability takes', async (t) => {
  for (const [text, clients] of CLIENTS) {
    const request = await built('probability', ['--clients', text]);
    t.same(request, { probability: { clients } }, text);
    t.same(validateRequest('probability', request, 'apart'), request, `${text} is within the contract`);
  }
  const to = ['--to', 'svc/default/web', '--to', 'svc/default/db:5432', '--via', 'LOAD_BALANCER', '--family', '4'];
  t.same(await built('probability', [...to, '--weight', 'pod-on/a=2', '--weight', 'node/b=1/3']), {
    probability: {
      services: [
        { ...WEB, via: 'LOAD_BALANCER' },
        { namespace: 'default', name: 'db', port: 5432, via: 'LOAD_BALANCER' },
      ],
      families: ['IPv4'],
      clients: {
        weights: [
          { source: { podOn: 'a' }, weight: 2 },
          { source: { node: 'b' }, weight: '1/3' },
        ],
      },
    },
  });
});

t.test('changes keep the order of the command line, whichever option makes them', async (t) => {
  const folder = t.testdir();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'change.json');
  const sts = { scale: { kind: 'StatefulSet', namespace: 'db', name: 'pg', replicas: 0 } };
  writeFileSync(file, JSON.stringify(sts));
  const inline = { scale: { kind: 'ReplicaSet', namespace: 'a', name: 'b', replicas: 1 } };
  const args = [
    '--scale',
    'default/web=4',
    '--change',
    file,
    '--scale',
    'sts/db/pg=2',
    '--change',
    JSON.stringify(inline),
  ];
  t.same(await built('chains', args, { changes: [inline] }), {
    changes: [
      inline,
      { scale: { kind: 'Deployment', ...WEB, replicas: 4 } },
      sts,
      { scale: { ...sts.scale, replicas: 2 } },
      inline,
    ],
  });
});

t.test('options win over --settings, and both over the request', async (t) => {
  const settings = JSON.stringify({
    kubernetesVersion: '1.27',
    kubeProxy: { mode: 'ipvs', clusterCIDR: '10.0.0.0/8' },
  });
  const base = {
    at: '2024-01-01T00:00:00Z',
    settings: { kubelet: false, kubeProxy: { clusterCIDR: '172.16.0.0/12', detectLocalMode: 'None' } },
    chains: { nodes: ['a'], format: 'SAVE' },
    unknown: 1,
  };
  const args = ['--settings', settings, '--mode', 'iptables', '--kubernetes-version', '1.30', '--node', 'b'];
  t.same(await built('chains', args, base), {
    at: '2024-01-01T00:00:00Z',
    settings: {
      kubelet: false,
      kubernetesVersion: '1.30',
      kubeProxy: { mode: 'iptables', clusterCIDR: '10.0.0.0/8', detectLocalMode: 'None' },
    },
    chains: { nodes: ['b'], format: 'SAVE' },
    unknown: 1,
  });
  t.equal(base.chains.nodes[0], 'a', 'the request itself is not touched');
});
