/**
 * What providers add. A load balancer's address delivered to nodes with the destination kept, where it is none of the
 * node's own addresses and where it is one (as on Google's), under Cluster and Local policy; and the chain that
 * masquerades what pods send out of the cluster. Outcomes, steps by the kernel's own trace, and the address that is
 * seen outside.
 */
import t from 'tap';
import type { IPFamily } from '../../src/base/address.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import type { PathTrace } from '../../src/contract/answers.js';
import type { PathQuestion, Source } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type LabService, labList } from '../support/lab.js';
import { type Deployment, deploy } from './deploy.js';
import { type Disagreement, flowDisagreement, traceDisagreement } from './examine.js';
import { expectation } from './expectation.js';
import { ALL, TIMEOUT } from './parameters.js';
import { FAMILIES, valueInFamily } from './plant/families.js';
import { BALANCED_CLIENT, INTERNET, type PlantPod } from './plant/layout.js';
import { Plant } from './plant/plant.js';
import { bridgesMeetRules, type Flavour, flavours, lacksTrace, versions } from './sandbox/missing.js';
import { tell } from './tally.js';
import { difference, rulesIn } from './trace/compare.js';
import { Tracer } from './trace/tracer.js';

const VIP = '203.0.113.10';
const NODES = 3;
const PODS: readonly PlantPod[] = [1, 2, 3].flatMap((node) => [
  { name: `default/web-${node}`, node, address: `10.180.${node}.2` },
  { name: `default/client-${node}`, node, address: `10.180.${node}.9` },
]);

const counts = { cases: 0, pairs: 0, untold: 0, flows: 0, traces: 0, rules: 0, disagreements: 0 };

interface Made {
  readonly service: LabService;
  readonly settings: SettingsOverride;
  readonly version: string;
  readonly family: IPFamily;
}

type Test = Pick<typeof t, 'equal'>;

function deploymentOf({ service, settings, version, family }: Made): Deployment {
  return {
    snapshot: readSnapshot({ inline: valueInFamily(family, labList({ services: [service], version })) }),
    settings: valueInFamily(family, settings),
    families: [family],
  };
}

/** Connections, and then one followed by the kernel's trace. */
async function compare(
  plant: Plant,
  deployment: Deployment,
  path: PathQuestion,
  tracer: Tracer | undefined,
): Promise<Disagreement> {
  const expected = expectation(plant.options, deployment, path);
  if (expected === undefined) return 'the walk does not tell';
  if (expected.outcomes.length === 0) {
    // What nodes send to the load balancer ends outside: there is none for clients inside.
    counts.untold++;
    return path.source.external === undefined ? undefined : 'the walk does not tell';
  }
  counts.pairs++;
  const { flows, disagreement } = await flowDisagreement(plant, expected);
  counts.flows += flows;
  // A provider's firewall ends packets before any node; in a plant the nodes' own rules do.
  const before = expected.result.traces.some(({ hops }) => hops.at(-1)?.kind === 'LOAD_BALANCER');
  if (disagreement !== undefined || tracer === undefined || before) return disagreement;
  const traced = await traceDisagreement(plant, deployment, path, expected, tracer);
  counts.traces++;
  counts.rules += traced.rules;
  return traced.disagreement;
}

async function traced<T>(
  plant: Plant,
  flavour: Flavour,
  family: IPFamily,
  act: (tracer: Tracer | undefined) => Promise<T>,
): Promise<T> {
  if (lacksTrace(flavour) !== undefined) return act(undefined);
  const tracer = await Tracer.start(plant, flavour, family, NODES);
  try {
    return await act(tracer);
  } finally {
    await tracer.stop();
  }
}

// ── a load balancer's address ───────────────────────────────────────────────────────────────────────────────────────

/** Endpoints on the first two nodes of three. */
const balanced = (policy: 'Cluster' | 'Local', more: Record<string, unknown> = {}): LabService => ({
  spec: {
    type: 'LoadBalancer',
    externalTrafficPolicy: policy,
    ports: [{ port: 80, targetPort: 8080, nodePort: 30001 }],
    ...(policy === 'Local' ? { healthCheckNodePort: 31500 } : {}),
    ...more,
  },
  status: { loadBalancer: { ingress: [{ ip: VIP }] } },
  endpoints: [1, 2],
});

const SOURCES: readonly Source[] = [
  { external: { address: BALANCED_CLIENT } },
  { external: { address: '198.51.100.9', entersAt: 'node-1' } },
  { node: 'node-3' },
  { pod: 'default/client-3' },
  { pod: 'default/web-1' },
];

const SERVICES: readonly (readonly [name: string, service: LabService])[] = [
  ['Cluster', balanced('Cluster')],
  ['Local', balanced('Local')],
  ['Cluster with source ranges', balanced('Cluster', { loadBalancerSourceRanges: ['198.51.100.9/32'] })],
];

async function checkBalanced(
  t: Test,
  plant: Plant,
  flavour: Flavour,
  family: IPFamily,
  version: string,
): Promise<void> {
  for (const implementation of ['metallb-bgp', 'gke-external-passthrough'] as const) {
    const own = implementation !== 'metallb-bgp';
    if (own) await plant.own(VIP, true, family);
    for (const [policy, service] of SERVICES) {
      const made = { service, settings: { loadBalancer: { implementation } }, version, family };
      const deployment = deploymentOf(made);
      await deploy(plant, flavour, deployment);
      // Under Local the node without an endpoint fails its health checks, or does not announce the address.
      await plant.balance(VIP, policy === 'Local' ? [1, 2] : [1, 2, 3], family);
      counts.cases++;
      await traced(plant, flavour, family, async (tracer) => {
        const to = (port: number) => ({ address: VIP, port });
        const questions: readonly PathQuestion[] = [
          ...SOURCES.map((source) => ({ source, destination: to(80) })),
          // A port that the Service does not have is sent on. Where the address is the node's own, nothing says who
          // listens there.
          ...(own
            ? []
            : [{ source: { external: { address: '198.51.100.9', entersAt: 'node-1' } }, destination: to(81) }]),
        ];
        for (const question of questions) {
          const path = valueInFamily(family, question);
          const disagreement = await compare(plant, deployment, path, tracer);
          if (disagreement !== undefined) counts.disagreements++;
          const reported = `${JSON.stringify(question.source)} → ${VIP}:${question.destination?.port}`;
          t.equal(
            disagreement,
            undefined,
            `${implementation}, ${policy}: ${reported} (${version}, ${flavour}, ${family})`,
          );
        }
      });
    }
    if (own) await plant.own(VIP, false, family);
  }
}

// ── what pods send out of the cluster ───────────────────────────────────────────────────────────────────────────────

const PORT = 8080;
const RESERVED_OUTSIDE = '198.18.16.9';
const IN_CLUSTER_NETWORK = '10.0.0.254';

const AGENT = { writer: 'AGENT', chain: 'IP-MASQ', masqLinkLocal: false, randomFully: true, ipv6: true } as const;

const MASQUERADES: readonly (readonly [name: string, ipMasq: NonNullable<SettingsOverride['network']>['ipMasq']])[] = [
  ['boot script', { writer: 'BOOT_SCRIPT' }],
  ['agent', { ...AGENT, nonMasqueradeCIDRs: ['10.0.0.0/8', '198.18.0.0/15'] }],
  // Pods that are not among the exceptions are masqueraded to each other, on the same node too.
  ['agent without the pods’ network', { ...AGENT, nonMasqueradeCIDRs: ['10.0.0.0/24'] }],
];

/** The source address with which a trace's packet leaves its last node. */
function leavesFrom({ hops }: PathTrace): string {
  const headers = hops.flatMap(({ steps }) => steps.flatMap(({ after }) => (after === undefined ? [] : [after])));
  return headers.at(-1)?.source ?? '';
}

async function checkOutward(
  plant: Plant,
  deployment: Deployment,
  path: PathQuestion,
  tracer: Tracer | undefined,
): Promise<Disagreement> {
  const { settings, snapshot } = deployment;
  const [trace] = ask('path', { path, ...(settings ? { settings } : {}) }, snapshot).result.traces;
  if (trace === undefined) return 'there is no trace';
  const address = path.destination?.address ?? '';
  const joined = address.includes(':') ? `[${address}]:${PORT}` : `${address}:${PORT}`;
  const wanted = `CONNECTED outside ${joined} sees ${leavesFrom(trace)}`;
  const host = path.source.pod ?? path.source.node ?? '';
  let observed = '';
  const connect = async () => {
    const flow = { protocol: 'TCP', address, port: PORT, timeout: 5000 } as const;
    [observed = ''] = await plant.agent(host).connect([flow]);
  };
  counts.pairs++;
  counts.flows++;
  if (tracer === undefined) await connect();
  else {
    const kernel = await tracer.follow(connect, [PORT]);
    counts.traces++;
    counts.rules += rulesIn(kernel);
    const unlike = kernel.repeated ? undefined : difference(trace, kernel);
    if (unlike !== undefined) return unlike;
  }
  return observed === wanted ? undefined : `the walk says ${wanted}; the kernel shows ${observed}`;
}

async function checkMasquerade(t: Test, plant: Plant, flavour: Flavour, family: IPFamily): Promise<void> {
  for (const [name, ipMasq] of MASQUERADES) {
    if (family === 'IPv6' && ipMasq?.writer === 'BOOT_SCRIPT') continue;
    const settings = { network: { ipMasq } } as SettingsOverride;
    const deployment = deploymentOf({ service: {}, settings, version: '1.30.5', family });
    await deploy(plant, flavour, deployment);
    counts.cases++;
    await traced(plant, flavour, family, async (tracer) => {
      const report = (disagreement: Disagreement, reported: string) => {
        if (disagreement !== undefined) counts.disagreements++;
        t.equal(disagreement, undefined, `${name}: ${reported} (${flavour}, ${family})`);
      };
      for (const source of [{ pod: 'default/client-1' }, { node: 'node-1' }]) {
        for (const address of [INTERNET, RESERVED_OUTSIDE, IN_CLUSTER_NETWORK]) {
          const path = valueInFamily(family, { source, destination: { address, port: PORT } });
          report(await checkOutward(plant, deployment, path, tracer), `${JSON.stringify(source)} → ${address}`);
        }
      }
      for (const destination of [
        { pod: 'default/web-1', port: PORT },
        { pod: 'default/web-2', port: PORT },
        { service: { namespace: 'default', name: 'svc' } },
      ]) {
        const path = { source: { pod: 'default/client-1' }, destination };
        report(await compare(plant, deployment, path, tracer), `pod → ${JSON.stringify(destination)}`);
      }
    });
  }
}

t.setTimeout(TIMEOUT);
t.test('what providers add', { timeout: TIMEOUT, skip: bridgesMeetRules() ? false : 'no br_netfilter' }, async (t) => {
  await Promise.all(
    flavours().map(async (flavour, index) => {
      const plant = await Plant.build({
        name: `l${flavour[0]}`,
        nodes: NODES,
        pods: PODS,
        podNetwork: 'BRIDGE',
        balanced: true,
      });
      try {
        await plant.agent('outside').listen([{ port: PORT }]);
        for (const [at, family] of FAMILIES.entries()) {
          const some = (index + at) % 2 === 0 ? ['1.30.5'] : ['1.24.3'];
          for (const version of ALL ? ['1.20.2', '1.23.4', '1.24.3', '1.30.5', '1.36.2'] : some) {
            await checkBalanced(t, plant, flavour, family, version);
          }
          await checkMasquerade(t, plant, flavour, family);
        }
      } finally {
        await plant.close();
      }
    }),
  );
  const { untold, ...tally } = counts;
  t.comment(`${untold} pairs whose end the plant does not show`);
  t.comment(tell({ test: 'providers', ...tally }));
  t.comment(versions());
});
