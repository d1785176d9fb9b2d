/** Services that share an address of MetalLB are one announcement; some may not share it. */
import t from 'tap';
import { readSnapshot } from '../../../src/cluster/read-snapshot.js';
import { ask } from '../../../src/questions/ask.js';
import { balancedList, VIP } from '../../support/balanced.js';

const KEY = { 'metallb.io/allow-shared-ip': 'one', 'metallb.io/ip-allocated-from-pool': 'p' };

interface Other {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

function two(policy: 'Cluster' | 'Local', { spec = {}, annotations = KEY }: Other) {
  const own = balancedList({ pods: [1, 1], policy, annotations: KEY });
  const other = {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: 'other', namespace: 'default', annotations },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.3.3',
      clusterIPs: ['10.96.3.3'],
      selector: { app: 'other' },
      ports: [{ port: 81, protocol: 'TCP', targetPort: 8080, nodePort: 30081 }],
      ...spec,
    },
    status: { loadBalancer: { ingress: [{ ip: VIP }] } },
  };
  return readSnapshot({ inline: { ...own, items: [...own.items, other] } });
}

const web = (own: ReturnType<typeof balancedList>) =>
  (own.items as { kind: string; spec?: { selector?: object } }[]).find(({ kind }) => kind === 'Service')?.spec
    ?.selector;

t.test('who may share', async (t) => {
  const same = { externalTrafficPolicy: 'Local', selector: web(balancedList({ pods: [1] })) };
  for (const [name, policy, other, may] of [
    ['both Cluster', 'Cluster', {}, true],
    ['both Local, one selector', 'Local', { spec: same }, true],
    ['both Local, two selectors', 'Local', { spec: { externalTrafficPolicy: 'Local' } }, false],
    ['one Local', 'Local', {}, false],
    ['another key', 'Cluster', { annotations: { ...KEY, 'metallb.io/allow-shared-ip': 'two' } }, false],
    ['one port', 'Cluster', { spec: { ports: [{ port: 80, nodePort: 30081 }] } }, false],
    [
      'one number of another protocol',
      'Cluster',
      { spec: { ports: [{ port: 80, protocol: 'UDP', nodePort: 30081 }] } },
      true,
    ],
  ] as const) {
    const { findings } = ask('probability', { probability: { clients: { loadBalancer: {} } } }, two(policy, other));
    t.equal(
      findings.some(({ code }) => code === 'LOAD_BALANCER_ADDRESS_LOST'),
      !may,
      name,
    );
  }
});

t.test('the address stays announced for a Service without endpoints, as long as the other has some', async (t) => {
  const services = [{ namespace: 'default', name: 'other' }];
  const probability = { services, clients: { loadBalancer: {} } };
  const verdicts = ask('probability', { probability }, two('Cluster', {})).result.services[0]?.verdicts;
  t.match(verdicts, [{ verdict: 'REJECTED', cause: 'NO_ENDPOINTS' }], 'it reaches a node, and is refused there');
  const alone = ask(
    'probability',
    { probability },
    two('Cluster', { annotations: { ...KEY, 'metallb.io/allow-shared-ip': 'x' } }),
  );
  t.match(alone.result.services[0]?.verdicts, [{ cause: 'NO_BACKENDS' }]);
});
