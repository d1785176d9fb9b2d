/**
 * Health checks and firewalls of clouds over node ports, by their annotations; each row has a source in the provider's
 * file.
 */
import t from 'tap';
import type { ServiceProbability } from '../../../src/contract/answers.js';
import { ask } from '../../../src/questions/ask.js';
import { balanced, WEB } from '../../support/balanced.js';

interface Row {
  readonly cloud: string;
  readonly annotations?: Record<string, string>;
  readonly spec?: Record<string, unknown>;
  /** `PROTOCOL:PORT/PATH every INTERVAL s, FAILURES/SUCCESSES`. */
  readonly check: string;
}

const HETZNER = 'load-balancer.hetzner.cloud/';
const DO = 'service.beta.kubernetes.io/do-loadbalancer-';
const LINODE = 'service.beta.kubernetes.io/linode-loadbalancer-';
const SCALEWAY = 'service.beta.kubernetes.io/scw-loadbalancer-';
const OCI = 'service.beta.kubernetes.io/oci-load-balancer-';

const ROWS: readonly Row[] = [
  { cloud: 'hetzner', check: 'TCP:30080 every 15 s, 3/3' },
  {
    cloud: 'hetzner',
    annotations: {
      [`${HETZNER}health-check-protocol`]: 'http',
      [`${HETZNER}health-check-http-path`]: '/up',
      [`${HETZNER}health-check-interval`]: '7s',
      [`${HETZNER}health-check-retries`]: '5',
    },
    check: 'HTTP:30080/up every 7 s, 5/5',
  },
  { cloud: 'digitalocean', check: 'HTTP:10256/healthz every 3 s, 3/5' },
  {
    cloud: 'digitalocean',
    annotations: { [`${DO}healthcheck-check-interval-seconds`]: '9', [`${DO}healthcheck-unhealthy-threshold`]: '4' },
    check: 'HTTP:10256/healthz every 9 s, 4/5',
  },
  { cloud: 'linode', check: 'TCP:30080 every 5 s, 2/1' },
  {
    cloud: 'linode',
    annotations: { [`${LINODE}check-type`]: 'http', [`${LINODE}check-path`]: '/up', [`${LINODE}check-attempts`]: '6' },
    check: 'HTTP:30080/up every 5 s, 6/1',
  },
  { cloud: 'linode', annotations: { [`${LINODE}check-type`]: 'none' }, check: 'NONE:0 every 5 s, 2/1' },
  { cloud: 'scaleway', check: 'TCP:30080 every 5 s, 5/1' },
  {
    cloud: 'scaleway',
    annotations: {
      [`${SCALEWAY}health-check-type`]: '443:https;80,81:http',
      [`${SCALEWAY}health-check-http-uri`]: '80:/up',
    },
    check: 'HTTP:30080/up every 5 s, 5/1',
  },
  {
    cloud: 'scaleway',
    annotations: { [`${SCALEWAY}health-check-type`]: '443:https' },
    check: 'TCP:30080 every 5 s, 5/1',
  },
  { cloud: 'oracle', check: 'HTTP:10256/healthz every 10 s, 3/3' },
  {
    cloud: 'oracle',
    annotations: { [`${OCI}health-check-interval`]: '4000' },
    check: 'HTTP:10256/healthz every 4 s, 3/3',
  },
];

function asked(cloud: string, annotations: Record<string, string> = {}, spec: Record<string, unknown> = {}) {
  const snapshot = balanced({ pods: [1, 1], annotations, spec });
  const settings = { loadBalancer: { implementation: cloud } } as never;
  const answer = ask(
    'probability',
    { settings, probability: { services: [WEB], clients: { loadBalancer: {} } } },
    snapshot,
  );
  return { ...answer, service: answer.result.services[0] as ServiceProbability };
}

t.test('health checks', async (t) => {
  for (const { cloud, annotations, check } of ROWS) {
    const found = asked(cloud, annotations).service.loadBalancer?.healthCheck;
    if (found === undefined) throw new Error(`${cloud} has no health check`);
    const { protocol, port, path = '', intervalSeconds, unhealthyAfter, healthyAfter } = found;
    const text = `${protocol}:${port}${path} every ${intervalSeconds} s, ${unhealthyAfter}/${healthyAfter}`;
    t.equal(text, check, `${cloud} ${JSON.stringify(annotations ?? {})}`);
  }
});

t.test('annotations that are not read are named', async (t) => {
  for (const [cloud, name] of [
    ['hetzner', `${HETZNER}node-selector`],
    ['digitalocean', `${DO}sticky-sessions-type`],
    ['linode', `${LINODE}firewall-acl`],
    ['scaleway', `${SCALEWAY}sticky-sessions`],
  ] as const) {
    const named = ({ assumptions }: ReturnType<typeof asked>) =>
      assumptions.some(({ field, value }) => field.includes('annotations') && String(value).includes(name));
    t.ok(named(asked(cloud, { [name]: 'x' })), name);
    t.notOk(named(asked(cloud)), `${cloud} without`);
  }
});

t.test("Oracle's source ranges are not enforced where the controller manages no security lists", async (t) => {
  const spec = { loadBalancerSourceRanges: ['192.0.2.0/24'] };
  const firewall = (annotations: Record<string, string>) =>
    asked('oracle', annotations, spec).service.loadBalancer?.firewall;
  t.not(JSON.stringify(firewall({})), JSON.stringify(firewall({ [`${OCI}security-list-management-mode`]: 'None' })));
});
