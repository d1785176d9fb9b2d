/** deploy/: the chart and the plain manifests that are rendered from it fit Kubernetes, each other, and the service. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv } from 'ajv';
import t from 'tap';
import { parse } from 'yaml';
import { readCollectSettings } from '../../src/collect/collect-settings.js';
import { clusterRules, systemRules } from '../../src/collect/collected-resources.js';
import { readSettings } from '../../src/operations/service-settings.js';
import { VARIABLES } from '../../src/operations/service-variables.js';
import {
  CHART,
  documentsOf,
  FOLDERS,
  faultsOf,
  type Manifest,
  resourcesOf,
  restrictedFaults,
  schemas,
  textOf,
} from './manifests.js';
import { HELM, KUBECONFORM, KUBECTL, MISSING } from './tools.js';

const tools = (await import(pathToFileURL(resolve('tools/render-chart.mjs')).href)) as {
  readonly madeFiles: () => ReadonlyMap<string, string>;
  readonly sourceDigest: (folder: string) => string;
};

const podsOf = (manifests: readonly Manifest[]) => manifests.filter(({ kind }) => kind === 'Deployment');
const matches = (selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>) =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

/** What has to hold of manifests whatever the values are, as sentences that say what does not. */
function contradictions(manifests: readonly Manifest[]): readonly string[] {
  const faults: string[] = [];
  const need = (holds: boolean, text: string) => void (holds || faults.push(text));
  const deployments = podsOf(manifests);
  const selected = (selector: Readonly<Record<string, string>>) =>
    deployments.filter(({ spec }) => matches(selector, spec.template.metadata.labels));
  for (const { kind, metadata, spec, apiVersion } of manifests) {
    const name = `${kind} ${metadata.name}`;
    const clusterWide = ['Namespace', 'ClusterRole', 'ClusterRoleBinding'].includes(kind);
    // Rights on ConfigMaps are for where these are.
    const system = ['Role', 'RoleBinding'].includes(kind) && metadata.namespace === 'kube-system';
    need(clusterWide || system || metadata.namespace === 'kube-whatif', `${name} is in no namespace`);
    if (kind === 'Deployment') {
      const { containers, volumes, serviceAccountName, terminationGracePeriodSeconds } = spec.template.spec;
      need(matches(spec.selector.matchLabels, spec.template.metadata.labels), `${name} does not select its pods`);
      for (const fault of restrictedFaults(spec.template.spec)) need(false, `${name} is not restricted: ${fault}`);
      for (const container of containers) {
        need(container.securityContext.readOnlyRootFilesystem === true, `${name} writes to its root`);
        need(container.resources?.limits?.memory !== undefined, `${name} has no memory limit`);
        const ports = (container.ports ?? []).map((port: { name: string }) => port.name);
        for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
          const port = container[probe]?.httpGet?.port ?? container[probe]?.tcpSocket?.port;
          need(port === undefined || ports.includes(port), `${name}: ${probe} is for a port that it does not have`);
        }
        for (const mount of container.volumeMounts ?? []) {
          const known = volumes.some((one: { name: string }) => one.name === mount.name);
          need(known, `${name} mounts ${mount.name}`);
          need(mount.subPath === undefined, `${name} mounts a file that does not change with its Secret`);
        }
        if (container.args?.[0] !== 'serve') continue;
        const env = environmentOf(container);
        const settings = readSettings(env);
        const { small, large, held, bufferLimit } = settings.work;
        const heaps = [small, large, held].reduce((sum, { threads = 0, memory = 0 }) => sum + threads * memory, 0);
        const most = heaps + (bufferLimit + settings.snapshotMemory + settings.named.memory) / 1024 ** 2 + 512;
        const limit = container.resources.limits.memory as string;
        need(most <= 1024 * Number.parseInt(limit, 10), `${name} may take ${most} MiB of ${limit}`);
        const stop = (settings.drainDelay + settings.drainTimeout) / 1000;
        need(terminationGracePeriodSeconds > stop, `${name} is ended before it stops`);
        need(
          settings.drainDelay / 1000 > container.readinessProbe.periodSeconds,
          `${name} stops before it is not ready`,
        );
      }
      const account = manifests.some(
        ({ kind: of, metadata: m }) => of === 'ServiceAccount' && m.name === serviceAccountName,
      );
      need(serviceAccountName === undefined || account, `${name} has no ServiceAccount`);
    }
    if (kind === 'Service') {
      const [target] = selected(spec.selector);
      need(target !== undefined, `${name} selects nothing`);
      const ports = target?.spec.template.spec.containers[0].ports as readonly {
        name: string;
        containerPort: number;
      }[];
      for (const port of spec.ports) {
        const container = ports?.find((one) => one.name === port.targetPort);
        need(container !== undefined, `${name}: nobody has ${port.targetPort}`);
        const direct = spec.clusterIP === 'None';
        need(!direct || container?.containerPort === port.port, `${name}: no port is translated in a headless Service`);
      }
    }
    if (kind === 'PodDisruptionBudget')
      need(selected(spec.selector.matchLabels).length === 1, `${name} selects nothing`);
    if (kind === 'NetworkPolicy') need(selected(spec.podSelector.matchLabels).length === 1, `${name} selects nothing`);
    if (kind === 'HorizontalPodAutoscaler') {
      const target = deployments.find((one) => one.metadata.name === spec.scaleTargetRef.name);
      need(target !== undefined && target.spec.replicas === undefined, `${name} has no Deployment without replicas`);
      need(target?.spec.template.spec.containers[0].resources.requests.cpu !== undefined, `${name}: no CPU request`);
    }
    if (kind === 'ServiceMonitor') {
      const service = manifests.find(
        (one) => one.kind === 'Service' && matches(spec.selector.matchLabels, one.metadata.labels),
      );
      need(
        service?.spec.ports.some((port: { name: string }) => port.name === spec.endpoints[0].port),
        `${name}: no port`,
      );
    }
    if (kind === 'Ingress' || (apiVersion.startsWith('gateway.') && kind.endsWith('Route'))) {
      const service = manifests.find((one) => one.kind === 'Service' && one.metadata.name === 'kube-whatif');
      const text = JSON.stringify(spec);
      const named = [...text.matchAll(/"port":(?:(\d+)|\{"name":"(\w+)"\})/g)];
      need(named.length > 0, `${name} goes nowhere`);
      for (const [, number, word] of named) {
        const ports = (service?.spec.ports ?? []) as readonly { name: string; port: number }[];
        const known = ports.some((port) => port.name === word || port.port === Number(number));
        need(known, `${name} goes to a port that is not there`);
      }
    }
  }
  return faults;
}

/** The environment of a container; values of Secrets stand for themselves. */
function environmentOf(container: Manifest['spec']): Record<string, string> {
  const made: Readonly<Record<string, string>> = {
    SNAPSHOT_STORE: 'rediss://store.example.com:6379',
    STORE_KEY: 'k'.repeat(32),
  };
  return Object.fromEntries(
    (container.env as readonly { name: string; value?: string }[]).map(({ name, value }) => [
      name,
      (value ?? made[name] ?? 'a-secret').replace('$(STORE_PASSWORD)', 'a-secret'),
    ]),
  );
}

for (const folder of FOLDERS) {
  t.test(`deploy/kubernetes/${folder}: valid, restricted, consistent and current`, async (t) => {
    const kustomization = readFileSync(`deploy/kubernetes/${folder}/kustomization.yaml`, 'utf8');
    t.match(
      kustomization,
      `# source: sha256:${tools.sourceDigest(folder)}\n`,
      'it was rendered from this chart: npm run render',
    );
    t.same(
      readdirSync(`deploy/kubernetes/${folder}`).sort(),
      [...resourcesOf(folder), 'kustomization.yaml', 'values.yaml'].sort(),
    );
    const manifests = documentsOf(textOf(folder));
    t.same(new Set(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).size, manifests.length);
    for (const manifest of manifests) t.same(faultsOf(manifest), [], `${manifest.kind} ${manifest.metadata.name}`);
    t.same(contradictions(manifests), []);
    const [namespace] = manifests.filter(({ kind }) => kind === 'Namespace');
    t.equal(namespace?.metadata.labels['pod-security.kubernetes.io/enforce'], 'restricted');
  });
}

t.test('what the checks are there for, they find', async (t) => {
  const server = podsOf(documentsOf(textOf('default'))).find(({ metadata }) => metadata.name === 'kube-whatif');
  const spec = (server as Manifest).spec.template.spec;
  t.same(restrictedFaults({ ...spec, hostNetwork: true, securityContext: {} }), [
    'runAsNonRoot',
    'runAsUser',
    'seccompProfile',
    'hostNetwork',
  ]);
  t.not(faultsOf({ ...(server as Manifest), spec: { replica: 1 } }).length, 0);
  const small = JSON.parse(JSON.stringify(server)) as Manifest;
  small.spec.template.spec.containers[0].resources.limits.memory = '2Gi';
  small.spec.template.spec.terminationGracePeriodSeconds = 30;
  t.match(contradictions([small]), [/may take \d+ MiB of 2Gi/, 'is ended before it stops', 'has no ServiceAccount']);
});

t.test('what is made elsewhere is current in the chart', async (t) => {
  for (const [file, text] of tools.madeFiles()) {
    const found = readFileSync(file, 'utf8');
    if (file.endsWith('.json')) t.same(JSON.parse(found), JSON.parse(text), `${file}: npm run render`);
    else t.equal(found, text, `${file}: npm run render`);
  }
});

t.test('the collector may do what it asks for, and nothing else', async (t) => {
  const manifests = documentsOf(textOf('complete'));
  const rulesOf = (kind: string) => manifests.find((one) => one.kind === kind)?.rules as readonly object[];
  t.same(rulesOf('ClusterRole'), clusterRules());
  t.same(rulesOf('Role'), systemRules());
  for (const rule of [...clusterRules(), ...systemRules()]) {
    t.notMatch(rule.resources.join(' '), /secret|\*|\//);
    t.notMatch(rule.verbs.join(' '), /create|update|patch|delete|\*/);
  }
  const collector = manifests.find(({ kind, metadata }) => kind === 'Deployment' && /collector/.test(metadata.name));
  const [container] = collector?.spec.template.spec.containers ?? [];
  const options = (container.args as readonly string[]).filter((word) => word.startsWith('--'));
  const help = execFileSync(process.execPath, ['dist/src/main.js', 'collect', '--help'], { encoding: 'utf8' });
  for (const option of options) t.match(help, new RegExp(`^ +${option}\\b`, 'm'), `${option} is one of its options`);
  const env = Object.fromEntries(
    (container.env as { name: string; value: string }[]).map(({ name, value }) => [name, value]),
  );
  const argumentOf = (option: string) => container.args[container.args.indexOf(option) + 1] as string;
  const given = { ...env, KUBE_WHATIF_SERVER: argumentOf('--server'), COLLECT_NAME: argumentOf('--name') };
  t.doesNotThrow(() => readCollectSettings(given));
});

t.test('values: each is in the schema, and settings are the variables of the service', async (t) => {
  const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8'));
  const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
  for (const file of [`${CHART}/values.yaml`, ...FOLDERS.map((folder) => `deploy/kubernetes/${folder}/values.yaml`)]) {
    t.ok(validate(parse(readFileSync(file, 'utf8'))), `${file}: ${JSON.stringify(validate.errors)}`);
  }
  const values = parse(readFileSync(`${CHART}/values.yaml`, 'utf8')) as object;
  t.same(
    Object.keys(schema.properties)
      .filter((key) => key !== 'global')
      .sort(),
    Object.keys(values).sort(),
  );
  const taken: readonly string[] = schema.properties.settings.propertyNames.enum;
  const template = readFileSync(`${CHART}/templates/deployment.yaml`, 'utf8');
  const known = VARIABLES.map(({ name }): string => name);
  t.same(
    taken.filter((name) => !known.includes(name)),
    [],
  );
  for (const { name } of VARIABLES) {
    const isSet = new RegExp(`name: ${name}\\b`).test(template) || name === 'TOKENS';
    t.equal(taken.includes(name), !isSet, `${name} is a setting, or set by another value`);
  }
});

/** Values beside the defaults, and what has to be in what is rendered. */
const VARIANTS: readonly (readonly [string, object, RegExp | undefined])[] = [
  ['the defaults', {}, /redis:\/\/kube-whatif-store:6379/],
  ['no store', { store: { mode: 'none' } }, /egress: \[\]/],
  [
    'a store with a password and encryption',
    {
      store: {
        bundled: { passwordSecret: { name: 'p', key: 'password' } },
        keySecret: { name: 'k', key: 'store-key' },
        encryption: true,
      },
    },
    /redis:\/\/:\$\(STORE_PASSWORD\)@kube-whatif-store:6379/,
  ],
  ['an external store', { store: { mode: 'external', external: { secretName: 's' } } }, /name: s, key: url/],
  ['TLS', { tls: { secretName: 'tls' } }, /scheme: HTTPS/],
  [
    'mutual TLS, probed from inside',
    { tls: { secretName: 'tls', clientCertificates: true } },
    /command: \[node, \/app\/dist\/src\/healthcheck\.js, \/readyz\]/,
  ],
  ['tokens under another key', { tokens: { secretName: 't', key: 'list' } }, /key: list, path: tokens/],
  ['a fixed number of replicas', { autoscaling: { enabled: false }, replicas: 3 }, /replicas: 3/],
  ['large numbers', { settings: { BODY_LIMIT: 402653184 } }, /BODY_LIMIT, value: '402653184'/],
  [
    'a collector with tokens and mutual TLS',
    {
      tls: { secretName: 'tls', clientCertificates: true },
      tokens: { secretName: 't' },
      collector: {
        enabled: true,
        name: 'prod',
        settings: { COLLECT_INTERVAL: 60 },
        tokenSecret: { name: 'c', key: 'token' },
      },
    },
    /- "prod"/,
  ],
  [
    'metrics for everybody',
    { tokens: { secretName: 't' }, settings: { METRICS: 'open' }, serviceMonitor: { enabled: true } },
    /path: \/metrics/,
  ],
  [
    'another port',
    { service: { port: 80, grpcPort: 443 }, gateway: { enabled: true, parentRefs: [{ name: 'g' }] } },
    /port: 443/,
  ],
  ['an image by digest', { image: { digest: `sha256:${'a'.repeat(64)}` } }, /image: kube-whatif@sha256:a{64}/],
];

/** Values that are refused, and what Helm then says. */
const REFUSED: readonly (readonly [object, RegExp])[] = [
  [{ replica: 2 }, /replica/],
  [{ settings: { BODY_LIMITS: 1 } }, /BODY_LIMITS/],
  [{ settings: { TOKENS: 'x' } }, /'TOKENS'/],
  [{ service: { type: 'ExternalName' } }, /service/],
  [{ store: { mode: 'redis' } }, /store/],
  [{ store: { mode: 'external' } }, /store\.mode external needs store\.external\.secretName/],
  [{ store: { encryption: true } }, /store\.encryption needs store\.keySecret\.name/],
  [{ tls: { clientCertificates: true } }, /tls\.clientCertificates needs tls\.secretName/],
  [{ gateway: { enabled: true } }, /gateway\.enabled needs gateway\.parentRefs/],
  [{ autoscaling: { minReplicas: 7 } }, /autoscaling\.minReplicas must not be more than/],
  [
    { tokens: { secretName: 't' }, collector: { enabled: true } },
    /collector\.enabled needs collector\.tokenSecret\.name/,
  ],
  [
    { tokens: { secretName: 't' }, serviceMonitor: { enabled: true } },
    /serviceMonitor\.enabled needs serviceMonitor\.tokenSecret/,
  ],
  [
    { settings: { METRICS: 'off' }, serviceMonitor: { enabled: true } },
    /serviceMonitor\.enabled needs settings\.METRICS/,
  ],
];

t.test('helm', { skip: HELM === undefined && `helm ${MISSING}` }, async (t) => {
  const helm = HELM ?? '';
  const folder = t.testdir();
  const values = (given: object) => {
    const file = join(folder, 'values.json');
    writeFileSync(file, JSON.stringify(given));
    return file;
  };
  const template = (given: object) =>
    spawnSync(helm, ['template', 'kube-whatif', CHART, '-n', 'kube-whatif', '-f', values(given)], { encoding: 'utf8' });
  t.equal(spawnSync(helm, ['lint', '--strict', CHART]).status, 0);
  const check = spawnSync(process.execPath, ['tools/render-chart.mjs', '--check', '--helm', helm], {
    encoding: 'utf8',
  });
  t.equal(check.status, 0, check.stderr);
  for (const [title, given, wanted] of VARIANTS) {
    const { status, stdout, stderr } = template(given);
    t.equal(status, 0, `${title}: ${stderr}`);
    const manifests = documentsOf(stdout);
    t.same(manifests.flatMap(faultsOf), [], title);
    t.same(contradictions(manifests), [], title);
    if (wanted !== undefined) t.match(stdout, wanted, title);
  }
  for (const [given, wanted] of REFUSED) {
    const { status, stderr } = template(given);
    t.not(status, 0, JSON.stringify(given));
    t.match(stderr, wanted);
  }
});

t.test('kustomize', { skip: KUBECTL === undefined && 'kubectl is not installed' }, async (t) => {
  for (const name of FOLDERS) {
    const text = execFileSync(KUBECTL ?? '', ['kustomize', `deploy/kubernetes/${name}`], { encoding: 'utf8' });
    const byName = (manifests: readonly Manifest[]) =>
      [...manifests].sort((a, b) => (`${a.kind} ${a.metadata.name}` < `${b.kind} ${b.metadata.name}` ? -1 : 1));
    t.same(byName(documentsOf(text)), byName(documentsOf(textOf(name))), `${name}: it changes nothing`);
  }
});

t.test('kubeconform', { skip: KUBECONFORM === undefined && `kubeconform ${MISSING}` }, async (t) => {
  const folder = t.testdir();
  for (const [name, schema] of Object.entries(schemas))
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(schema));
  const location = `${folder}/{{.ResourceKind}}{{.KindSuffix}}.json`;
  const args = ['-strict', '-summary', '-output', 'json', '-schema-location', location];
  for (const name of FOLDERS) {
    const text = execFileSync(KUBECONFORM ?? '', [...args, '-'], { input: textOf(name), encoding: 'utf8' });
    const { summary } = JSON.parse(text);
    t.match(summary, { invalid: 0, errors: 0, skipped: 0 });
    t.equal(summary.valid, documentsOf(textOf(name)).length);
  }
  const wrong = textOf('default').replace('maxUnavailable: 1', 'maxUnavailble: 1');
  t.not(spawnSync(KUBECONFORM ?? '', [...args, '-'], { input: wrong }).status, 0);
});
