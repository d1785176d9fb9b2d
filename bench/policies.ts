/**
 * Measures what network policies cost: a reach table of 200 workloads by 200 Services, and a question about a path with
 * many policies.
 *
 *   node dist/bench/policies.js [reach|path]
 */
import type { KubernetesObject } from '../src/cluster/objects.js';
import { readSnapshot, type Snapshot } from '../src/cluster/read-snapshot.js';
import { ask } from '../src/questions/ask.js';
import { render } from '../src/reports/render.js';

const QUESTIONS = 500;
const NAMESPACES = 20;

interface Size {
  readonly workloads: number;
  readonly podsPerWorkload: number;
  readonly nodes: number;
  readonly policies: number;
}

const dotted = (bits: number) => [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.');

function spec(index: number, workloads: number): object {
  const app = (n: number) => ({ matchLabels: { app: `w${n % workloads}` } });
  // Most policies are about one workload and let in two others; some are about a namespace, an address or a name of a
  // port.
  const from = [
    { podSelector: app(index * 7 + 1) },
    { namespaceSelector: { matchLabels: { team: `t${index % 5}` } }, podSelector: app(index * 3 + 2) },
    ...(index % 10 === 0
      ? [{ ipBlock: { cidr: `10.${index % 200}.0.0/16`, except: [`10.${index % 200}.1.0/24`] } }]
      : []),
  ];
  const ports = index % 4 === 0 ? [{ port: 'http' }] : [{ port: 8080, protocol: 'TCP' }];
  return {
    podSelector: index % 50 === 0 ? {} : app(index),
    policyTypes: index % 5 === 0 ? ['Ingress', 'Egress'] : ['Ingress'],
    ingress: [{ from, ports }],
    ...(index % 5 === 0 ? { egress: [{ to: [{ namespaceSelector: {} }] }] } : {}),
  };
}

function snapshotOf({ workloads, podsPerWorkload, nodes, policies }: Size): Snapshot {
  const items: KubernetesObject[] = [];
  const add = (kind: string, metadata: object, rest: object) =>
    items.push({ kind, metadata, ...rest } as KubernetesObject);
  const conditions = [{ type: 'Ready', status: 'True' }];
  for (let n = 0; n < nodes; n++) {
    const status = { conditions, addresses: [{ type: 'InternalIP', address: dotted(0xac120000 + n) }] };
    const nodeInfo = { kubeletVersion: 'v1.30.5', kubeProxyVersion: 'v1.30.5' };
    add(
      'Node',
      { name: `n${n}` },
      { spec: { podCIDR: `${dotted(0x0a000000 + n * 256)}/24` }, status: { ...status, nodeInfo } },
    );
  }
  for (let n = 0; n < NAMESPACES; n++)
    add('Namespace', { name: `ns${n}`, labels: { team: `t${n % 5}` } }, { apiVersion: 'v1' });
  const used = new Map<number, number>();
  for (let w = 0; w < workloads; w++) {
    const namespace = `ns${w % NAMESPACES}`;
    const labels = { app: `w${w}`, 'app.kubernetes.io/name': `w${w}` };
    const ownerReferences = [{ kind: 'StatefulSet', name: `w${w}`, controller: true }];
    for (let p = 0; p < podsPerWorkload; p++) {
      const on = (w * podsPerWorkload + p) % nodes;
      const place = (used.get(on) ?? 1) + 1;
      used.set(on, place);
      const ip = dotted(0x0a000000 + on * 256 + place);
      add(
        'Pod',
        { namespace, name: `w${w}-${p}`, labels, ownerReferences },
        {
          spec: { nodeName: `n${on}`, containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
          status: { phase: 'Running', conditions, podIP: ip, podIPs: [{ ip }] },
        },
      );
    }
    const clusterIP = dotted(0x0ac80000 + w);
    const ports = [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }];
    const own = {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      selector: { app: `w${w}` },
      ports,
    };
    add('Service', { namespace, name: `w${w}` }, { spec: own });
  }
  for (let p = 0; p < policies; p++) {
    const metadata = { namespace: `ns${p % NAMESPACES}`, name: `p${p}` };
    add('NetworkPolicy', metadata, { apiVersion: 'networking.k8s.io/v1', spec: spec(p, workloads) });
  }
  return readSnapshot({ inline: { kind: 'List', items } });
}

function cpu(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function table(name: string, size: Size): void {
  const snapshot = snapshotOf(size);
  for (const to of ['SERVICES', 'WORKLOADS'] as const) {
    let pairs = 0;
    const start = performance.now();
    const took = cpu(() => {
      ({ pairs } = ask('reach', { reach: { to } }, snapshot).result.counts);
    });
    const wall = (performance.now() - start) / 1000;
    const times = `${wall.toFixed(2)} s (${(took / 1000).toFixed(2)} s of CPU)`;
    console.log(`${name}, reach to ${to.toLowerCase()}: ${pairs} pairs in ${times}`);
  }
}

interface PerPath {
  readonly first: number;
  readonly each: number;
  /** Of those of which policies deny all or a part, and of the others; 0 where there are none. */
  readonly denied: number;
  readonly delivered: number;
  readonly shareDenied: number;
}

type Answered = ReturnType<typeof ask<'path'>>;

/** What becomes of an answer, by form; alone: nothing. */
const FORMS = {
  alone: () => undefined,
  'as text': (answer: Answered) => render('path', answer, 'text'),
  'as JSON': (answer: Answered) => JSON.stringify(answer),
} as const;

/**
 * The time of a question about a path, each about other pods, after some to warm up. `like`: a cluster of the same size
 * that is asked about before, for V8 to compile what a service has compiled that runs for a while.
 */
function perPath(snapshot: Snapshot, workloads: number, like: Snapshot, form: keyof typeof FORMS): PerPath {
  const question = (n: number, about = snapshot) => {
    const [from, to] = [(n * 13) % workloads, (n * 29 + 1) % workloads];
    const service = { namespace: `ns${to % NAMESPACES}`, name: `w${to}`, port: 80 };
    const source = { pod: `ns${from % NAMESPACES}/w${from}-0` };
    const answer = ask('path', { path: { source, destination: { service } } }, about);
    FORMS[form](answer);
    return answer.result.traces.some(({ cause }) => cause === 'NETWORK_POLICY');
  };
  const first = cpu(() => question(0));
  for (let n = 0; n < workloads; n++) question(n, like);
  for (let n = 1; n < 200; n++) question(n);
  const took = { true: [] as number[], false: [] as number[] };
  const each = cpu(() => {
    for (let n = 0; n < QUESTIONS; n++) {
      let isDenied = false;
      const one = cpu(() => {
        isDenied = question(200 + n);
      });
      took[`${isDenied}`].push(one);
    }
  });
  const mean = (times: readonly number[]) =>
    times.length === 0 ? 0 : times.reduce((sum, one) => sum + one, 0) / times.length;
  const shareDenied = took.true.length / QUESTIONS;
  return { first, each: each / QUESTIONS, denied: mean(took.true), delivered: mean(took.false), shareDenied };
}

function paths(): void {
  const size = { workloads: 1000, podsPerWorkload: 10, nodes: 100 };
  const names = Object.keys(FORMS) as (keyof typeof FORMS)[];
  for (const policies of [0, 5000]) {
    console.log(`10000 pods, ${policies} policies`);
    for (const form of names) {
      const clusters = [snapshotOf({ ...size, policies }), snapshotOf({ ...size, policies })] as const;
      const { first, each, denied, delivered, shareDenied } = perPath(clusters[0], size.workloads, clusters[1], form);
      const parts =
        shareDenied === 0
          ? ''
          : `, denied ${denied.toFixed(3)} (${Math.round(shareDenied * 100)} %), delivered ${delivered.toFixed(3)}`;
      const times = `${each.toFixed(3)} ms of CPU each${parts} (the first ${first.toFixed(0)} ms)`;
      console.log(`  path ${form.padEnd(8)} ${times}`);
    }
  }
}

const PARTS: Readonly<Record<string, () => void>> = {
  reach: () => {
    table('200 x 200 workloads, 400 policies', { workloads: 200, podsPerWorkload: 3, nodes: 20, policies: 400 });
    table('200 x 200 workloads, no policies', { workloads: 200, podsPerWorkload: 3, nodes: 20, policies: 0 });
    table('200 x 200 workloads, 5000 policies', { workloads: 200, podsPerWorkload: 10, nodes: 50, policies: 5000 });
  },
  path: paths,
};

const [, , wanted] = process.argv;
for (const [name, run] of Object.entries(PARTS)) if (wanted === undefined || wanted === name) run();
