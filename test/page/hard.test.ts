/** What is hard for a page: foreign names, thousands of Services, thousands of endpoints, a server that stops. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { generateSnapshot } from '../../bench/generate.js';
import { address, fractions, headline, hold, open, skip, watch } from './support.js';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: Record<string, unknown>;
}

// A browser takes its time where many tests run at once.
t.setTimeout(600_000);

t.test('names of a snapshot are text, never markup', { skip }, async (t) => {
  const test = await open();
  t.teardown(() => test.close());
  const { base, browser } = test;
  const name = '<img src=x onerror=alert(1)>';
  const { items, ...rest } = JSON.parse(readFileSync('examples/article-nodeport.json', 'utf8')) as {
    items: Record<string, unknown>[];
  };
  // Names of zones are labels, whose values the reader takes as they are.
  for (const item of items) {
    if (item.kind !== 'Node') continue;
    const metadata = item.metadata as { labels?: Record<string, string> };
    metadata.labels = { ...metadata.labels, 'topology.kubernetes.io/zone': name };
  }
  const digest = await hold(base, Buffer.from(JSON.stringify({ ...rest, items })));
  const { page, complaints } = await watch(browser);
  let alerted = false;
  page.on('dialog', (dialog) => {
    alerted = true;
    void dialog.dismiss();
  });
  for (const [view, parameters] of [
    ['services', {}],
    ['findings', {}],
    ['shares', { service: 'default/nginx-svc' }],
    [
      'what-if',
      { service: 'default/nginx-svc', changes: JSON.stringify([{ change: { zone: { name, action: 'DRAIN' } } }]) },
    ],
    ['shares', { service: name }],
    ['path', { source: name, to: name }],
    ['sweep', { workload: name }],
    ['cluster', { name }],
  ] as const) {
    await page.goto('about:blank');
    await page.goto(address(base, digest, view, parameters));
    await page
      .locator('main')
      .getByText(/Service|packet|Scale|assumed|found/)
      .first()
      .waitFor();
    t.equal(await page.locator('img').count(), 0, `${view}: no element of it`);
  }
  await page.goto(address(base, digest, 'shares', { service: 'default/nginx-svc' }));
  await page.locator('.mark.pod').first().waitFor();
  t.match(await page.locator('[data-shares]').innerText(), name, 'it is shown as it is');
  t.notOk(alerted, 'nothing of it runs');
  t.same(complaints, []);
});

t.test('10,000 Services', { skip }, async (t) => {
  const test = await open();
  t.teardown(() => test.close());
  const { base, browser } = test;
  const bytes = Buffer.from(JSON.stringify(generateSnapshot({ services: 10_000, endpointsPerService: 1, nodes: 20 })));
  const digest = await hold(base, bytes);
  const { page, complaints } = await watch(browser);
  await page.goto(address(base, digest, 'services'));
  t.match(await headline(page, '10,000 Services'), /10,000/);
  const rows = page.locator('[data-service]');
  await rows.first().waitFor();
  t.ok((await rows.count()) < 100, 'only rows that are seen are in the page');
  const names = () => rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-service') ?? ''));
  const [first = ''] = await names();
  await page.evaluate('scrollTo(0, document.body.scrollHeight)');
  await page.locator(`[aria-rowindex="10001"]`).waitFor();
  t.ok((await rows.count()) < 100);
  t.not((await names()).at(-1), first);
  await page.evaluate('scrollTo(0, 0)');
  await page.getByRole('columnheader', { name: 'Service' }).getByRole('button').click();
  await page.locator('[aria-sort=descending]').waitFor();
  t.not((await names())[0], first, 'sorted');
  await page.getByLabel('Filter Services').fill(first);
  await page.locator(`[data-service="${first}"]`).waitFor();
  await page.locator(`[data-service="${first}"] .lost .share`).waitFor();
  t.same(
    await fractions(page, `[data-service="${first}"] .lost .share`),
    ['0'],
    'the first are worked out without asking',
  );
  await page.getByRole('combobox', { name: /^Search/ }).fill(first);
  await page
    .getByRole('option', { name: `service ${first}` })
    .first()
    .click();
  await headline(page, first);
  t.same(complaints, []);
});

t.test('more Services than are asked about at once: sorted by their shares, all of them are', { skip }, async (t) => {
  const test = await open();
  t.teardown(() => test.close());
  const cluster = generateSnapshot({ services: 620, endpointsPerService: 3, nodes: 5 }) as { items: Manifest[] };
  // The last of all is the only one that loses connections.
  const services = cluster.items.filter(({ kind, spec }) => kind === 'Service' && spec.clusterIP !== 'None');
  const last = services.at(-1) as Manifest;
  last.spec.internalTrafficPolicy = 'Local';
  const name = `${last.metadata.namespace}/${last.metadata.name}`;
  const digest = await hold(test.base, Buffer.from(JSON.stringify(cluster)));
  const { page, complaints } = await watch(test.browser);
  await page.goto(address(test.base, digest, 'services'));
  await page.locator('[data-service] .lost .share').first().waitFor();
  t.match(
    await page.locator('.filters [role=status]').innerText(),
    /Shares of 100 are worked out/,
    'not more without need',
  );
  await page.getByRole('columnheader', { name: 'Not delivered' }).getByRole('button').click();
  await page
    .getByRole('status')
    .filter({ hasText: `Shares of ${services.length} are worked out.` })
    .waitFor({ timeout: 120_000 });
  const first = page.locator('[data-service]').first();
  t.equal(await first.getAttribute('data-service'), name, 'the worst of all is first');
  t.equal(await page.locator('.filters progress').count(), 0);
  t.same(complaints, []);
});

t.test('3,000 endpoints open and close by zone and node', { skip }, async (t) => {
  const test = await open();
  t.teardown(() => test.close());
  const { base, browser } = test;
  const digest = await hold(base, Buffer.from(JSON.stringify(manyEndpoints(3000, 60))));
  const { page, complaints } = await watch(browser);
  await page.goto(address(base, digest, 'shares', { service: 'shop/web' }));
  const marks = page.locator('.flow .mark');
  const zones = page.locator('.flow .mark.zone[data-id^="in "]');
  await zones.first().waitFor();
  t.equal(await zones.count(), 3);
  t.same(await fractions(page, '.flow .mark.zone[data-id^="in "]'), ['1/3', '1/3', '1/3']);
  await zones.first().press('Enter');
  await page.locator('.flow .mark.node').first().waitFor();
  t.equal(await page.locator('.flow .mark.node').count(), 20);
  await page.locator('.flow .mark.node').first().press('Enter');
  await page.locator('.flow .mark.pod').first().waitFor();
  t.equal(await page.locator('.flow .mark.pod').count(), 50);
  t.equal((await fractions(page, '.flow .mark.pod'))[0], '1/3000');
  t.ok((await marks.count()) < 200);
  await zones.first().press('Enter');
  await page.locator('.flow .mark.pod').first().waitFor({ state: 'detached' });
  t.same(complaints, []);
});

/** One Service before pods on nodes of three zones. */
function manyEndpoints(count: number, nodes: number): object {
  const zone = (node: number) => `zone-${'abc'[node % 3]}`;
  const address = (pod: number) => `10.${100 + (pod % nodes)}.0.${Math.floor(pod / nodes) + 2}`;
  const range = (length: number) => Array.from({ length }, (_, index) => index);
  const endpoint = (pod: number) => ({
    addresses: [address(pod)],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: `node-${pod % nodes}`,
    zone: zone(pod % nodes),
    targetRef: { kind: 'Pod', namespace: 'shop', name: `web-${pod}` },
  });
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      ...range(nodes).map((node) => ({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: `node-${node}`, labels: { 'topology.kubernetes.io/zone': zone(node) } },
        spec: { podCIDR: `10.${100 + node}.0.0/24`, podCIDRs: [`10.${100 + node}.0.0/24`] },
        status: {
          addresses: [{ type: 'InternalIP', address: `192.168.1.${node + 1}` }],
          conditions: [{ type: 'Ready', status: 'True' }],
          nodeInfo: { kubeletVersion: 'v1.34.2', kubeProxyVersion: 'v1.34.2' },
        },
      })),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace: 'shop', name: 'web' },
        spec: {
          clusterIP: '10.96.0.20',
          clusterIPs: ['10.96.0.20'],
          ipFamilies: ['IPv4'],
          ports: [{ port: 80, targetPort: 8080 }],
        },
      },
      ...range(Math.ceil(count / 100)).map((slice) => ({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { namespace: 'shop', name: `web-${slice}`, labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4',
        ports: [{ port: 8080, protocol: 'TCP' }],
        endpoints: range(Math.min(100, count - 100 * slice)).map((index) => endpoint(100 * slice + index)),
      })),
    ],
  };
}

t.test('a server that stops meanwhile', { skip }, async (t) => {
  const test = await open();
  const { base, browser } = test;
  const digest = await hold(base, 'examples/article-nodeport.json');
  const { page, complaints } = await watch(browser);
  await page.goto(address(base, digest, 'shares', { service: 'default/nginx-svc' }));
  const before = await headline(page, 'Even');
  await page.locator('.flow .mark.pod').first().waitFor();
  t.teardown(() => page.context().close());
  test.server.app.server.closeAllConnections();
  await test.server.app.close();
  await page.getByLabel('Way').selectOption('NODE_PORT');
  const box = page.locator('.failure', { hasText: 'The server does not answer' }).first();
  await box.waitFor();
  t.ok(await box.getByRole('button', { name: 'Try again' }).isVisible());
  await page.goBack();
  t.equal(await headline(page, 'Even'), before, 'what was answered before is there still');
  // The browser itself says that it could not load, in one of its ways to say so.
  t.same(
    complaints.filter((text) => !/^Failed to load resource: net::ERR_/.test(text)),
    [],
  );
});
