/**
 * Application Load Balancers in front of Services: by Ingress and by TargetGroupBinding. Rules: AWS Load Balancer
 * Controller, "Ingress annotations", "IngressClass", "TargetGroupBinding"; user guide for Application Load Balancers.
 */
import t from 'tap';
import { readSnapshot } from '../../../src/cluster/read-snapshot.js';
import type { ServiceProbability } from '../../../src/contract/answers.js';
import type { Change, PathQuestion, QuestionRequest } from '../../../src/contract/requests.js';
import { ask } from '../../../src/questions/ask.js';
import { type BalancedOptions, balancedList, WEB } from '../../support/balanced.js';

const ALB = 'alb.ingress.kubernetes.io/';
const path = (name: string, port: object) => ({ path: '/', pathType: 'Prefix', backend: { service: { name, port } } });

interface IngressOptions {
  readonly annotations?: Record<string, string>;
  readonly spec?: object;
  readonly metadata?: object;
}

function ingress({ annotations = {}, spec = {}, metadata = {} }: IngressOptions = {}) {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'front', namespace: 'default', annotations, ...metadata },
    spec: { ingressClassName: 'alb', rules: [{ http: { paths: [path('web', { number: 80 })] } }], ...spec },
    status: { loadBalancer: { ingress: [{ hostname: 'k8s-default-front-1.eu-west-1.elb.amazonaws.com' }] } },
  };
}

const NODE_PORT = { type: 'NodePort', externalTrafficPolicy: 'Cluster', healthCheckNodePort: undefined };
const CLUSTER_IP = {
  type: 'ClusterIP',
  externalTrafficPolicy: undefined,
  ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
};

function snapshot(objects: readonly unknown[], options: Partial<BalancedOptions> = {}) {
  const list = balancedList({ pods: [3, 1], status: {}, spec: NODE_PORT, ...options });
  return readSnapshot({ inline: JSON.parse(JSON.stringify({ ...list, items: [...list.items, ...objects] })) });
}

function through(
  objects: readonly unknown[],
  options: Partial<BalancedOptions> = {},
  settings: NonNullable<QuestionRequest['settings']> = {},
  changes?: readonly Change[],
) {
  const answer = ask(
    'probability',
    {
      settings,
      ...(changes === undefined ? {} : { changes }),
      probability: { services: [WEB], clients: { loadBalancer: {} } },
    },
    snapshot(objects, options),
  );
  return { ...answer, service: answer.result.services[0] as ServiceProbability };
}

const shares = ({ endpoints }: ServiceProbability) => endpoints.map(({ share }) => share.fraction);
const verdicts = ({ verdicts: all }: { readonly verdicts: ServiceProbability['verdicts'] }) =>
  all.map(({ verdict, cause, share }) => `${share.fraction} ${verdict}${cause === undefined ? '' : `/${cause}`}`);
const fields = ({ assumptions }: { readonly assumptions: readonly { readonly field: string }[] }) =>
  assumptions.map(({ field }) => field);
const walk = (question: PathQuestion, objects: readonly unknown[], options: Partial<BalancedOptions> = {}) =>
  ask('path', { path: question }, snapshot(objects, options)).result;
const TO_WEB = { service: { ...WEB, port: 80, via: 'LOAD_BALANCER' as const } };
const FACING = { [`${ALB}scheme`]: 'internet-facing' };
const IP = { ...FACING, [`${ALB}target-type`]: 'ip' };

t.test('instance targets are nodes by their node ports, IP targets are pods', async (t) => {
  const nodes = through([ingress({ annotations: FACING })]);
  t.equal(nodes.service.loadBalancer?.implementation, 'aws-alb');
  t.same(shares(nodes.service), ['1/4', '1/4', '1/4', '1/4']);
  t.equal(nodes.service.loadBalancer?.backends.length, 2);
  t.ok(fields(nodes).includes('loadBalancer.targetType'), 'the default is an assumption');
  t.match(nodes.service.loadBalancer?.healthCheck, {
    protocol: 'HTTP',
    port: 30080,
    path: '/',
    intervalSeconds: 15,
    unhealthyAfter: 2,
    healthyAfter: 2,
  });
  t.ok(fields(nodes).includes('loadBalancer.probesPass'), 'what the application answers is not in the snapshot');
  const local = { ...NODE_PORT, externalTrafficPolicy: 'Local' };
  const kept = through([ingress({ annotations: FACING })], { spec: local, pods: [3, 1, 0] });
  t.same(shares(kept.service), ['1/6', '1/6', '1/6', '1/2'], 'its probes leave out the node without pods');
  for (const spec of [NODE_PORT, CLUSTER_IP]) {
    const pods = through([ingress({ annotations: IP })], { spec });
    t.same(shares(pods.service), ['1/4', '1/4', '1/4', '1/4']);
    t.equal(pods.service.loadBalancer?.backends.length, 4);
    t.equal(pods.service.loadBalancer?.healthCheck.port, 8080);
    t.notOk(fields(pods).includes('loadBalancer.targetType'));
  }
  const clusterIp = through([ingress({ annotations: FACING })], { spec: CLUSTER_IP });
  t.same(verdicts(clusterIp.service), ['1 UNREACHABLE/NO_ROUTE'], 'instance targets need a node port');
  const headless = through([ingress({ annotations: IP })], {
    spec: { ...CLUSTER_IP, clusterIP: 'None', clusterIPs: ['None'] },
  });
  t.same(shares(headless.service), ['1/4', '1/4', '1/4', '1/4'], 'a headless Service too');
});

t.test('pods see an address of the load balancer, which the client’s header goes with', async (t) => {
  for (const annotations of [FACING, IP]) {
    const { traces } = walk({ source: { external: { address: '198.51.100.9' } }, destination: TO_WEB }, [
      ingress({ annotations }),
    ]);
    t.ok(traces.every(({ clientAddressKept, verdict }) => clientAddressKept === false && verdict === 'DELIVERED'));
  }
  const { assumptions } = through([ingress({ annotations: IP })]);
  t.match(assumptions.find(({ field }) => field === 'loadBalancer.proxyAddress')?.why, /X-Forwarded-For/);
});

t.test('whose Ingress it is', async (t) => {
  const ingressClass = (controller: string, metadata: object = {}) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'front-class', ...metadata },
    spec: { controller },
  });
  const isDefault = { annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } };
  const named = { ingressClassName: 'front-class' };
  const none = { ingressClassName: undefined };
  const taken: readonly (readonly [string, readonly unknown[], boolean])[] = [
    ['class alb', [ingress()], true],
    ['class nginx', [ingress({ spec: { ingressClassName: 'nginx' } })], false],
    ['no class', [ingress({ spec: none })], false],
    ['annotation alb', [ingress({ spec: none, annotations: { 'kubernetes.io/ingress.class': 'alb' } })], true],
    ['annotation nginx', [ingress({ annotations: { 'kubernetes.io/ingress.class': 'nginx' } })], false],
    ['another name, its controller', [ingress({ spec: named }), ingressClass('ingress.k8s.aws/alb')], true],
    ['EKS Auto Mode', [ingress({ spec: named }), ingressClass('eks.amazonaws.com/alb')], true],
    ['another controller', [ingress({ spec: named }), ingressClass('k8s.io/ingress-nginx')], false],
    ['class alb of another controller', [ingress(), { ...ingressClass('x/y'), metadata: { name: 'alb' } }], false],
    ['the default class', [ingress({ spec: none }), ingressClass('ingress.k8s.aws/alb', isDefault)], true],
    ['the default class is another’s', [ingress({ spec: none }), ingressClass('x/y', isDefault)], false],
    ['its finalizer', [ingress({ spec: none, metadata: { finalizers: ['ingress.k8s.aws/resources'] } })], true],
    ['a group’s finalizer', [ingress({ spec: none, metadata: { finalizers: ['group.ingress.k8s.aws/team'] } })], true],
    ['another Service', [ingress({ spec: { rules: [{ http: { paths: [path('api', { number: 80 })] } }] } })], false],
    [
      'the default backend',
      [ingress({ spec: { rules: [], defaultBackend: { service: { name: 'web', port: { name: 'http' } } } } })],
      true,
    ],
    ['another namespace', [ingress({ metadata: { namespace: 'other' } })], false],
    [
      'an action',
      [
        ingress({
          annotations: {
            [`${ALB}actions.split`]:
              '{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"web","servicePort":"80","weight":20}]}}',
          },
          spec: { rules: [{ http: { paths: [path('split', { name: 'use-annotation' })] } }] },
        }),
      ],
      true,
    ],
    [
      'extensions/v1beta1',
      [
        {
          ...ingress({
            spec: { rules: [{ http: { paths: [{ backend: { serviceName: 'web', servicePort: 80 } }] } }] },
          }),
          apiVersion: 'extensions/v1beta1',
        },
      ],
      true,
    ],
  ];
  for (const [name, objects, is] of taken) {
    if (is) t.equal(through(objects).service.loadBalancer?.implementation, 'aws-alb', name);
    else t.throws(() => through(objects), { code: 'INVALID_REQUEST' }, name);
  }
  const auto = through([ingress({ spec: named }), ingressClass('eks.amazonaws.com/alb')]);
  t.equal(auto.service.loadBalancer?.backends.length, 4, 'EKS Auto Mode registers pods');
});

t.test('parameters of the class win over annotations, those of the Service over those of the Ingress', async (t) => {
  const objects = (params: object, annotations: Record<string, string>) => [
    ingress({ spec: { ingressClassName: 'c' }, annotations }),
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'c' },
      spec: {
        controller: 'ingress.k8s.aws/alb',
        parameters: { apiGroup: 'elbv2.k8s.aws', kind: 'IngressClassParams', name: 'p' },
      },
    },
    { apiVersion: 'elbv2.k8s.aws/v1beta1', kind: 'IngressClassParams', metadata: { name: 'p' }, spec: params },
  ];
  t.equal(
    through(objects({ targetType: 'ip' }, { [`${ALB}target-type`]: 'instance' })).service.loadBalancer?.backends.length,
    4,
  );
  t.equal(
    through(objects({ targetType: 'instance' }, { [`${ALB}target-type`]: 'ip' })).service.loadBalancer?.backends.length,
    2,
  );
  const own = { annotations: { [`${ALB}target-type`]: 'ip', [`${ALB}healthcheck-path`]: '/own' } };
  const { loadBalancer } = through(
    [ingress({ annotations: { ...FACING, [`${ALB}target-type`]: 'instance', [`${ALB}healthcheck-path`]: '/ing' } })],
    own,
  ).service;
  t.same([loadBalancer?.backends.length, loadBalancer?.healthCheck.path], [4, '/own']);
});

t.test('health checks, stickiness, draining and what gets in', async (t) => {
  const of = (annotations: Record<string, string>, options: Partial<BalancedOptions> = {}) =>
    through([ingress({ annotations: { ...IP, ...annotations } })], options).service.loadBalancer;
  t.match(
    of({
      [`${ALB}healthcheck-protocol`]: 'HTTPS',
      [`${ALB}healthcheck-port`]: '9000',
      [`${ALB}healthcheck-path`]: '/up',
      [`${ALB}healthcheck-interval-seconds`]: '7',
      [`${ALB}healthcheck-timeout-seconds`]: '3',
      [`${ALB}unhealthy-threshold-count`]: '4',
      [`${ALB}healthy-threshold-count`]: '6',
    })?.healthCheck,
    {
      protocol: 'HTTPS',
      port: 9000,
      path: '/up',
      intervalSeconds: 7,
      unhealthyAfter: 4,
      healthyAfter: 6,
    },
  );
  t.match(of({ [`${ALB}backend-protocol-version`]: 'GRPC' })?.healthCheck, { path: '/AWS.ALB/healthcheck' });
  for (const bad of ['-1', 'often', '', '1.5', '9999999999']) {
    t.equal(of({ [`${ALB}healthcheck-interval-seconds`]: bad })?.healthCheck.intervalSeconds, 15, `interval ${bad}`);
  }
  const attributes = `${ALB}target-group-attributes`;
  t.match(of({ [attributes]: 'stickiness.enabled=true,stickiness.type=lb_cookie' })?.affinity, /cookie/);
  t.equal(of({ [attributes]: 'deregistration_delay.timeout_seconds=30' })?.drain.seconds, 30);
  t.equal(of({})?.drain.seconds, 300);
  const zones = ['a', 'b'];
  t.same(shares(through([ingress({ annotations: IP })], { zones }).service), ['1/4', '1/4', '1/4', '1/4']);
  t.same(
    shares(
      through([ingress({ annotations: { ...IP, [attributes]: 'load_balancing.cross_zone.enabled=false' } })], { zones })
        .service,
    ),
    ['1/6', '1/6', '1/6', '1/2'],
    'a target group without cross-zone balancing',
  );
  const narrow = [ingress({ annotations: { ...IP, [`${ALB}inbound-cidrs`]: '203.0.113.0/24, 10.0.0.0/8' } })];
  const from = (address: string) => verdicts(walk({ source: { external: { address } }, destination: TO_WEB }, narrow));
  t.same(from('203.0.113.9'), ['1 DELIVERED']);
  t.same(from('198.51.100.9'), ['1 DROPPED/FIREWALLED']);
  const least = through([
    ingress({ annotations: { ...IP, [attributes]: 'load_balancing.algorithm.type=least_outstanding_requests' } }),
  ]);
  t.ok(fields(least).includes('loadBalancer.spread'));
});

t.test('targets that fail', async (t) => {
  const unready = Object.fromEntries(
    ['10.20.1.2', '10.20.1.3', '10.20.1.4'].map((ip) => [ip, { ready: false, serving: false }]),
  );
  t.same(shares(through([ingress({ annotations: IP })], { endpoint: unready }).service), ['1']);
  const all = { ...unready, '10.20.2.2': { ready: false, serving: false } };
  const open = through([ingress({ annotations: IP })], { endpoint: all }).service;
  t.same(
    open.loadBalancer?.backends.map(({ healthy, share }) => `${healthy} ${share.fraction}`),
    ['false 1/4', 'false 1/4', 'false 1/4', 'false 1/4'],
    'it sends to all targets when none is healthy',
  );
  const empty = through([ingress({ annotations: IP })], { pods: [0, 0] }).service;
  t.same(verdicts(empty), ['1 REJECTED/NO_BACKENDS'], 'without targets it refuses');
  const settings = { loadBalancer: { options: { probesPass: false, failOpen: false } } } as const;
  t.same(verdicts(through([ingress({ annotations: IP })], {}, settings).service), ['1 REJECTED/NO_BACKENDS']);
  const notReady = { n2: { ready: 'False' } };
  const { loadBalancer } = through([ingress({ annotations: FACING })], { node: notReady }).service;
  t.same(loadBalancer?.excluded, [{ name: 'n2', why: 'it is not ready' }], 'the controller registers ready nodes');
});

t.test('a TargetGroupBinding', async (t) => {
  const binding = (spec: object, metadata: object = {}) => ({
    apiVersion: 'elbv2.k8s.aws/v1beta1',
    kind: 'TargetGroupBinding',
    metadata: { name: 'tgb', namespace: 'default', ...metadata },
    spec: { serviceRef: { name: 'web', port: 80 }, targetGroupARN: 'arn:…', ...spec },
  });
  const pods = through([binding({ targetType: 'ip' })]);
  t.equal(pods.service.loadBalancer?.backends.length, 4);
  t.ok(fields(pods).includes('loadBalancer.kind'), 'which kind of load balancer it is, nothing says');
  t.ok(fields(pods).includes('loadBalancer.healthCheck'));
  const nodes = through([binding({ targetType: 'instance', nodeSelector: { matchLabels: { pool: 'edge' } } })], {
    node: { n1: { labels: { pool: 'edge' } } },
  });
  t.same(
    nodes.service.loadBalancer?.backends.map(({ node }) => node),
    ['n1'],
  );
  const made = binding({ targetType: 'ip' }, { labels: { 'service.k8s.aws/stack': 'web' } });
  t.throws(() => through([made]), { code: 'INVALID_REQUEST' }, 'one that the controller made says nothing new');
});

t.test('objects with faults are no crash and no guess', async (t) => {
  const rules: readonly unknown[] = [
    'x',
    7,
    null,
    [],
    {},
    [null],
    [{ http: 'x' }],
    [{ http: { paths: {} } }],
    [{ http: { paths: [null, 1, { backend: 'web' }] } }],
    [{ http: { paths: [{ backend: { service: { name: 7, port: { number: -80 } } } }] } }],
    [{ http: { paths: [{ backend: { service: { name: 'web' } } }] } }],
  ];
  for (const one of rules) {
    t.throws(() => through([ingress({ spec: { rules: one } })]), { code: 'INVALID_REQUEST' }, JSON.stringify(one));
  }
  const negative = through([
    ingress({ annotations: IP, spec: { rules: [{ http: { paths: [path('web', { number: -80 })] } }] } }),
  ]);
  t.same(verdicts(negative.service), ['1 REJECTED/NO_BACKENDS'], 'no port of the Service is one that it sends to');
  for (const action of ['{', '[]', '{"forwardConfig":{"targetGroups":[7,{"serviceName":3}]}}']) {
    const broken = ingress({
      annotations: { [`${ALB}actions.split`]: action },
      spec: { rules: [{ http: { paths: [path('split', { name: 'use-annotation' })] } }] },
    });
    t.throws(() => through([broken]), { code: 'INVALID_REQUEST' }, action);
  }
});

t.test('check: a changed annotation of the Ingress touches its Service alone', async (t) => {
  const before = snapshot([ingress({ annotations: IP })]);
  const manifest = ingress({ annotations: { ...IP, [`${ALB}target-type`]: 'instance' } });
  const { result } = ask('check', { check: {}, changes: [{ apply: { manifests: [manifest] } }] }, before);
  t.same(
    result.services.map(({ service }) => service),
    ['default/web'],
  );
  const same = ask(
    'check',
    { check: {}, changes: [{ apply: { manifests: [ingress({ annotations: { ...IP, x: 'y' } })] } }] },
    before,
  );
  t.same(same.result.services, [], 'one that changes nothing touches nothing');
});

t.test('an Ingress of another controller is not read, and applying one says so', async (t) => {
  const before = snapshot([ingress({ annotations: IP })]);
  const said = (manifest: object) => {
    const { changes } = ask(
      'check',
      { check: {}, changes: [{ apply: { manifests: [manifest] } }] as unknown as Change[] },
      before,
    );
    return changes.flatMap(({ consequences }) => consequences.map(({ kind, detail }) => `${kind} ${detail}`));
  };
  const nginx = ingress({ spec: { ingressClassName: 'nginx' }, metadata: { name: 'other' } });
  t.match(said(nginx), [/^OBJECT_IGNORED its controller is a client of Services like others/]);
  t.match(said(ingress({ metadata: { name: 'second' } })), [/^OBJECT_CREATED created/]);
});
