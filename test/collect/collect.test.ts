/**
 * The collector: a whole snapshot in spite of pages that expire and connections that break, or none; what is sent, and
 * what is reported.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { inClusterAccess, kubeconfigAccess } from '../../src/collect/access.js';
import { Api } from '../../src/collect/api.js';
import { COLLECT_VARIABLES, readCollectSettings } from '../../src/collect/collect-settings.js';
import { collectSnapshot } from '../../src/collect/collect-snapshot.js';
import { clusterRules, RESOURCES, rbacManifest, systemRules } from '../../src/collect/collected-resources.js';
import { Collector } from '../../src/collect/collector.js';
import { backOff, retryAfter } from '../../src/collect/pause.js';
import { trimmed } from '../../src/collect/trim.js';
import { createLog } from '../../src/operations/log.js';
import { run } from '../cli/run.js';
import { post, QUICK, type Running, send, start } from '../rest/support.js';
import { ApiStandIn } from './api-stand-in.js';

t.setTimeout(600_000);

const article = JSON.parse(readFileSync('examples/article.json', 'utf8')) as { items: Record<string, unknown>[] };
const silent = createLog('silent');

async function standIn(tt: { teardown(fn: () => void): void }, spare = 0) {
  const api = new ApiStandIn();
  api.fill(article);
  for (let number = 0; number < spare; number++) {
    api.objects.pods?.push({
      metadata: { name: `spare-${number}`, namespace: 'default' },
      spec: { containers: [] },
      status: {},
    });
  }
  const url = await api.listen();
  tt.teardown(() => api.close());
  const access = {
    url: new URL(url),
    credentials: () => ({ headers: { authorization: `Bearer ${api.token}` }, tls: {} }),
  };
  return { api, url, access };
}

const names = (body: Buffer, kind: string) =>
  (JSON.parse(body.toString()) as { items: { kind: string; metadata: { name: string } }[] }).items
    .filter((item) => item.kind === kind)
    .map(({ metadata }) => metadata.name);

t.test('a snapshot is whole, whatever happens on the way', async (tt) => {
  const { api, access } = await standIn(tt, 23);
  const read = async (options = {}) => {
    const client = new Api(access, { page: 5, timeout: 1000, firstWait: 1, ...options });
    try {
      return await collectSnapshot(client);
    } finally {
      client.close();
    }
  };
  const calm = await read();
  tt.equal(calm.counts.Pod, 27);
  tt.equal(calm.counts.ConfigMap, 1);
  tt.same(calm.forbidden, []);
  tt.notMatch(calm.body.toString(), /managedFields/);
  tt.equal(new Set(names(calm.body, 'Pod')).size, 27);
  tt.ok(
    api.asked.some((path) => path.includes('limit=5&continue=25')),
    'pages of five',
  );
  tt.notOk(
    api.asked.some((path) => /secret/i.test(path)),
    'Secrets are never asked for',
  );
  const troubles: readonly (readonly [string, () => void])[] = [
    ['pages expire once', () => (api.expiring = 1)],
    ['pages expire whenever they are asked for', () => (api.expiring = 1000)],
    ['connections break', () => (api.breaking = 4)],
    ['it is busy', () => (api.busy = 4)],
    ['it fails', () => (api.failing = 4)],
    ['all of it', () => ([api.expiring, api.breaking, api.busy, api.failing] = [1, 1, 1, 1])],
  ];
  for (const [name, begin] of troubles) {
    begin();
    tt.ok((await read()).body.equals(calm.body), name);
    api.expiring = 0;
  }
  api.failing = 1000;
  await tt.rejects(read({ tries: 2 }), /did not answer .* in 2 tries: status 500/);
  api.failing = 0;
  api.forbidden.add('deployments').add('configmaps');
  const without = await read();
  tt.same(
    [without.forbidden, without.counts.Deployment, without.counts.ConfigMap],
    [['deployments'], undefined, undefined],
  );
  api.forbidden.add('services');
  await tt.rejects(read(), /^CollectError: services may not be listed|services may not be listed/);
  api.forbidden.clear();
  api.token = 'another';
  const client = new Api(
    { ...access, credentials: () => ({ headers: { authorization: 'Bearer old' }, tls: {} }) },
    { page: 5, timeout: 1000 },
  );
  await tt.rejects(collectSnapshot(client), /does not accept the credentials/);
  client.close();
});

t.test('what is left out of objects', async (tt) => {
  const container = {
    name: 'a',
    image: 'nginx',
    env: [{ name: 'PASSWORD', value: 'x' }],
    envFrom: [],
    ports: [{ containerPort: 80 }],
    readinessProbe: {},
    volumeMounts: [],
  };
  const pod = trimmed(
    { metadata: { name: 'a', managedFields: [1] }, spec: { containers: [container], volumes: [] } },
    'Pod',
    'v1',
  ) as { spec: { containers: object[] } };
  tt.same(pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'a', image: 'nginx', ports: [{ containerPort: 80 }], readinessProbe: {} }] },
  });
  const vip = trimmed(
    { spec: { containers: [{ ...container, image: 'ghcr.io/kube-vip/kube-vip:v0.8' }] } },
    'Pod',
    'v1',
  ) as typeof pod;
  tt.match(vip.spec.containers[0], { env: [{ name: 'PASSWORD' }] });
  tt.same(trimmed({ metadata: {}, status: { images: [1], addresses: [] } }, 'Node', 'v1'), {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {},
    status: { addresses: [] },
  });
  const template = { spec: { template: { spec: { containers: [container] } } } };
  tt.match(
    trimmed(template, 'Deployment', 'apps/v1'),
    template,
    'templates stay, since manifests are compared with them',
  );
  for (const odd of [null, 7, 'x', [], { metadata: 5, spec: [], status: 'x' }]) {
    for (const kind of ['Pod', 'Node']) tt.equal(trimmed(odd, kind, 'v1').kind, kind);
  }
});

t.test('the rights are those of the kinds that are read', async (tt) => {
  const manifest = rbacManifest();
  tt.ok(
    readFileSync('docs/collector.md', 'utf8').includes(`\`\`\`yaml\n${manifest}\`\`\``),
    'docs/collector.md has what `kube-whatif collect --rbac` prints',
  );
  tt.equal((await run(['collect', '--rbac'])).stdout, manifest);
  const rules = [...clusterRules(), ...systemRules()];
  tt.notMatch(manifest, /secrets|\*|create|update|patch|delete|watch/);
  tt.same(new Set(rules.flatMap(({ verbs }) => verbs)), new Set(['list', 'get']));
  for (const { name, group } of RESOURCES) {
    tt.ok(
      rules.some(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(name)),
      `${name}.${group}`,
    );
  }
  const rows = readFileSync('docs/collector.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| `[A-Z_]+` \|/.test(line));
  tt.same(
    rows,
    COLLECT_VARIABLES.map(
      ({ name, fallback, does }) => `| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${does} |`,
    ),
  );
});

const settingsFor = (running: Running, more: Readonly<Record<string, string>> = {}) =>
  readCollectSettings({
    KUBE_WHATIF_SERVER: `http://127.0.0.1:${running.port}`,
    COLLECT_NAME: 'prod',
    COLLECT_SENDER: 'test',
    COLLECT_PAGE: '3',
    ...more,
  });

t.test('snapshots are sent under a name', async (tt) => {
  const { api, url, access } = await standIn(tt);
  const token = 't'.repeat(20);
  const running = await start({ small: QUICK, held: QUICK, tokens: [token] });
  tt.teardown(() => running.app.close());
  const folder = tt.testdir({ token: `${token}\n` });
  const file = join(folder, 'token');
  const collector = new Collector(settingsFor(running, { KUBE_WHATIF_TOKEN_FILE: file }), access, silent, { first: 1 });
  tt.teardown(() => collector.stop());
  const address = await collector.listen('127.0.0.1', 0);
  const ask = async (path: string) => {
    const reply = await fetch(address + path);
    return { status: reply.status, text: await reply.text() };
  };
  tt.same([(await ask('/healthz')).status, (await ask('/readyz')).status, (await ask('/x')).status], [200, 503, 404]);
  tt.match(await collector.round(), { result: 'NEW' });
  tt.equal((await ask('/readyz')).status, 200);
  tt.match(await collector.round(), { result: 'SAME' });
  const auth = { authorization: `Bearer ${token}` };
  const listed = (await send(running, 'GET', '/v1/snapshots', auth)).json() as unknown as {
    names: { versions: { sender: string; counts: object }[] }[];
  };
  tt.match(listed.names[0]?.versions, [{ sender: 'test', counts: { Node: 3, Pod: 4, Service: 2 } }]);
  const shares = { probability: { services: [{ namespace: 'default', name: 'nginx-svc' }] } };
  const named = await post(running, '/v1/probability', { snapshot: { name: 'prod' }, ...shares }, auth);
  const inline = await post(running, '/v1/probability', { snapshot: { inline: article }, ...shares }, auth);
  tt.same(named.json().result, inline.json().result, 'what is collected answers as what kubectl prints');
  api.objects.pods = [];
  tt.match(await collector.round(), { result: 'REFUSED', code: 'SNAPSHOT_SHRUNK' });
  api.failing = 1000;
  tt.match(await collector.round(), { result: 'FAILED', detail: /did not answer/ });
  api.failing = 0;
  const metrics = (await ask('/metrics')).text;
  for (const line of [
    /rounds_total\{result="NEW"\} 1/,
    /rounds_total\{result="SAME"\} 1/,
    /refusals_total\{code="SNAPSHOT_SHRUNK"\} 1/,
    /rounds_total\{result="FAILED"\} 1/,
    /objects\{kind="Node"\} 3/,
    /last_success_timestamp_seconds 1\d{9}/,
  ]) {
    tt.match(metrics, line);
  }
  writeFileSync(file, 'wrong-token-wrong-token');
  tt.match(await collector.round(), { result: 'REFUSED', code: 'UNAUTHENTICATED' }, 'the token is read anew');

  await tt.test('from the command line', async (ttt) => {
    const config = join(folder, 'config');
    writeFileSync(
      config,
      JSON.stringify({
        'current-context': 'a',
        contexts: [{ name: 'a', context: { cluster: 'c', user: 'u' } }],
        clusters: [{ name: 'c', cluster: { server: url } }],
        users: [{ name: 'u', user: { token: api.token } }],
      }),
    );
    api.fill(article);
    const words = [
      'collect',
      '--once',
      '--name',
      'cli',
      '--server',
      `http://127.0.0.1:${running.port}`,
      '--token',
      token,
      '--kubeconfig',
      config,
    ];
    const once = await run(words, { env: { LOG_LEVEL: 'silent' } });
    ttt.match(once, { code: 0, stdout: /^sha256:[0-9a-f]{64} is the newest version of cli\.\n$/ });
    ttt.match(await run(words, { env: { LOG_LEVEL: 'silent' } }), {
      code: 0,
      stdout: /was the newest version already/,
    });
    api.objects.pods = [];
    ttt.match(await run(words, { env: { LOG_LEVEL: 'silent' } }), { code: 1, stderr: /looks like a mistake/ });
    ttt.match(await run(['collect', '--once'], {}), {
      code: 2,
      stderr: /^Cannot collect\.\nKUBE_WHATIF_SERVER must be.*\nCOLLECT_NAME must be/,
    });
    ttt.match(await run([...words.slice(0, -1), '/nowhere'], {}), { code: 2, stderr: /\/nowhere cannot be read/ });
  });
});

t.test('a server that is away, busy or full', async (tt) => {
  const { access } = await standIn(tt);
  const { createServer } = await import('node:http');
  const replies: (number | 'CUT')[] = [503, 'CUT', 507, 429, 201];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const next = replies.shift() ?? 503;
      if (next === 'CUT') return response.destroy();
      response.writeHead(next, { 'content-type': 'application/json', 'retry-after': '0' });
      response.end(JSON.stringify(next === 201 ? { digest: 'sha256:x' } : { code: 'X', detail: 'not now' }));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  tt.teardown(() => server.close());
  const running = { port: (server.address() as { port: number }).port } as Running;
  const collector = new Collector(settingsFor(running), access, silent, { first: 1 });
  tt.match(await collector.round(), { result: 'NEW' }, 'it is sent until it is there');
  tt.match(await collector.round(), { result: 'FAILED', detail: /could not be sent to .* in 6 tries: not now/ });
  collector.stop();
});

t.test('waits grow, up to a limit, and half of them is chance', async (tt) => {
  for (let tries = 1; tries < 100; tries++) {
    const [least, most] = [backOff(tries, 100, 5000, 0), backOff(tries, 100, 5000, 1)];
    tt.ok(
      least >= 50 && most <= 5000 && most === Math.min(5000, 100 * 2 ** (tries - 1)),
      `${tries}: ${least} to ${most}`,
    );
  }
  tt.same(
    [retryAfter('3'), retryAfter('9999'), retryAfter('soon'), retryAfter(undefined)],
    [3000, 60_000, undefined, undefined],
  );
});

t.test('kubeconfigs', async (tt) => {
  const folder = tt.testdir({ 'ca.pem': 'CA', token: 'from-file\n', sa: { token: 'pod-token', 'ca.crt': 'POD CA' } });
  const config = (user: object, cluster: object = {}, more: object = {}) => {
    const file = join(folder, 'config');
    writeFileSync(
      file,
      JSON.stringify({
        'current-context': 'one',
        contexts: [
          { name: 'one', context: { cluster: 'c', user: 'u' } },
          { name: 'lost', context: { cluster: 'nowhere' } },
        ],
        clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443/base', ...cluster } }],
        users: [{ name: 'u', user }],
        ...more,
      }),
    );
    return file;
  };
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const good = kubeconfigAccess(
    config({ token: 'abc' }, { 'certificate-authority': 'ca.pem', 'tls-server-name': 'api' }),
  );
  tt.equal(good.url.href, 'https://10.0.0.1:6443/base');
  tt.same(good.credentials(), {
    headers: { authorization: 'Bearer abc' },
    tls: { ca: Buffer.from('CA'), servername: 'api' },
  });
  const certs = kubeconfigAccess(
    config(
      { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
      { 'insecure-skip-tls-verify': true },
    ),
  );
  tt.same(certs.credentials(), {
    headers: {},
    tls: { cert: Buffer.from('CERT'), key: Buffer.from('KEY'), rejectUnauthorized: false },
  });
  tt.same(kubeconfigAccess(config({ tokenFile: 'token' })).credentials().headers, {
    authorization: 'Bearer from-file',
  });
  const pod = inClusterAccess('10.96.0.1', '443', join(folder, 'sa'));
  tt.same(
    [pod.url.href, pod.credentials()],
    ['https://10.96.0.1/', { headers: { authorization: 'Bearer pod-token' }, tls: { ca: Buffer.from('POD CA') } }],
  );
  tt.equal(inClusterAccess('fd00::1', '443').url.host, '[fd00::1]');
  const refused: readonly (readonly [() => unknown, RegExp])[] = [
    [() => kubeconfigAccess(config({ exec: { command: 'aws' } })), /needs an exec plugin.*service account of its own/],
    [() => kubeconfigAccess(config({ 'auth-provider': {} })), /auth provider/],
    [() => kubeconfigAccess(config({ username: 'a', password: 'b' })), /name and password/],
    [() => kubeconfigAccess(config({ 'client-certificate-data': 'eA==' })), /without its key/],
    [() => kubeconfigAccess(config({}, { server: 'ftp://x' })), /not a URL that begins with https/],
    [() => kubeconfigAccess(config({}, { 'proxy-url': 'http://p' })), /proxy-url/],
    [() => kubeconfigAccess(config({}), 'two'), /no context two; it has one, lost/],
    [() => kubeconfigAccess(config({}), 'lost'), /no cluster nowhere/],
    [() => kubeconfigAccess(config({}, {}, { 'current-context': '' })), /no current context/],
    [() => kubeconfigAccess(join(folder, 'nothing')), /cannot be read \(ENOENT\)/],
    [() => kubeconfigAccess(config({ token: 'a b' })).credentials(), /characters that no token has/],
    [
      () => kubeconfigAccess(config({}, { 'certificate-authority': 'lost.pem' })).credentials(),
      /lost\.pem cannot be read/,
    ],
  ];
  for (const [doing, message] of refused) tt.throws(doing, message);
  writeFileSync(join(folder, 'config'), 'a: [');
  tt.throws(() => kubeconfigAccess(join(folder, 'config')), /is not YAML/);
});
