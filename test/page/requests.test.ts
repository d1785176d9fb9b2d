/** "As a request": the three forms of what is seen are what they say, and files are what is seen. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import t from 'tap';
import { descriptor } from '../../src/messages/registry.js';
import { address, hold, open, skip, watch } from './support.js';

// A browser takes its time where many tests run at once.
t.setTimeout(600_000);

const run = promisify(execFile);
const FILE = 'examples/three-zones.json';
const WEB = { service: 'default/web' };
const listed = (...changes: readonly object[]) => JSON.stringify(changes.map((change) => ({ change })));
const CHANGES = listed(
  { scale: { kind: 'Deployment', namespace: 'default', name: 'web', replicas: 5 } },
  { service: { namespace: 'default', name: 'web', sessionAffinity: 'ClientIP' } },
  { zone: { name: 'zone-b', action: 'FAIL' } },
  { proxy: { mode: 'nftables' } },
  { apply: { manifests: ["apiVersion: v1\nkind: Namespace\nmetadata: {name: it-s}\n# it's quoted\n"] } },
);

const VIEWS: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  [
    'shares',
    'Probability',
    { ...WEB, from: 'hosts', changes: CHANGES, settings: '{"network":{"podNetwork":"ROUTED"}}' },
  ],
  [
    'rules',
    'Chains',
    {
      ...WEB,
      changes: listed({ pods: { namespace: 'default', names: ['web-h1-zone-a-1'], state: 'NOT_READY' } }),
      settings: JSON.stringify({
        network: { forwardPolicy: 'DROP', policies: 'IGNORED', ipMasq: { writer: 'AGENT' } },
        connections: { pattern: 'ONE_AT_A_TIME' },
      }),
    },
  ],
  [
    'path',
    'Path',
    { ...WEB, source: 'outside at node-1', changes: listed({ node: { name: 'node-2', action: 'DRAIN' } }) },
  ],
  ['what-if', 'WhatIf', { ...WEB, changes: CHANGES }],
  [
    'what-if',
    'WhatIf',
    {
      ...WEB,
      changes: listed(
        { node: { name: 'node-9', action: 'ADD' } },
        {
          service: {
            namespace: 'default',
            name: 'web',
            type: 'NodePort',
            externalIPs: ['203.0.113.9'],
            trafficDistribution: null,
          },
        },
        { rollout: { kind: 'Deployment', namespace: 'default', name: 'web', maxSurge: 1, state: 'FEWEST_READY' } },
        { patch: { kind: 'Service', namespace: 'default', name: 'web', patch: { metadata: { labels: { a: 'b' } } } } },
      ),
      settings: '{"kubeProxy":{"nodePortAddresses":[]}}',
    },
  ],
  ['sweep', 'Sweep', { workload: 'Deployment default/web', most: '9', bound: '1/4' }],
  ['cluster', 'Inspect', {}],
  ['services', 'Inspect', {}],
  ['findings', 'Inspect', { changes: listed({ zone: { name: 'zone-b', action: 'FAIL' } }) }],
];

t.test('as a request', { skip }, async (t) => {
  const test = await open();
  t.teardown(() => test.close());
  const digest = await hold(test.base, FILE);
  const { page, complaints } = await watch(test.browser, { acceptDownloads: true });
  const nodes = JSON.parse(readFileSync(FILE, 'utf8')) as { items: { kind: string; metadata: { name: string } }[] };
  const [one = '', two = ''] = nodes.items.filter(({ kind }) => kind === 'Node').map(({ metadata }) => metadata.name);
  for (const [view, rpc, given] of VIEWS) {
    const parameters = Object.fromEntries(
      Object.entries({ ...given, name: FILE }).map(([key, text]) => [
        key,
        text.replaceAll('node-1', one).replaceAll('node-2', two),
      ]),
    );
    await page.goto('about:blank');
    await page.goto(address(test.base, digest, view, parameters));
    await page.getByRole('button', { name: 'As a request' }).click();
    const text = page.locator('.as-request pre');
    const form = async (name: string) => {
      await page.getByRole('button', { name, exact: true }).click();
      return await text.innerText();
    };
    const rest = await form('REST');
    const { stdout } = await run('bash', ['-c', rest], { maxBuffer: 64 * 1024 * 1024 });
    const answer = JSON.parse(stdout) as { summary?: string; detail?: string };
    t.ok(answer.summary, `${view}: curl is answered (${answer.detail ?? 'fine'})`);
    const command = await form('command line');
    const shell = `kube-whatif() { node dist/src/main.js "$@" -o json; }\n${command}`;
    const local = await run('bash', ['-c', shell], { maxBuffer: 64 * 1024 * 1024 }).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    t.same(
      JSON.parse(local.stdout === '' ? JSON.stringify(local.stderr) : local.stdout),
      answer,
      `${view}: the command line answers the same`,
    );
    const grpc = await form('gRPC');
    const [, json = '', called] = /^grpcurl -plaintext -d '(.*)' \S+ (\S+)$/s.exec(grpc) ?? [];
    t.equal(called, `kube_whatif.v1.KubeWhatif/${rpc}`);
    const message = JSON.parse(json.replaceAll(`'\\''`, "'")) as JsonValue;
    t.doesNotThrow(() => fromJson(descriptor(`${rpc}Request`), message), `${view}: a ${rpc}Request`);
  }
  t.same(complaints, []);
});

t.test('files', { skip }, async (t) => {
  const test = await open();
  t.teardown(() => test.close());
  const digest = await hold(test.base, 'examples/article-nodeport.json');
  const { page, complaints } = await watch(test.browser, { acceptDownloads: true });
  await page.goto(address(test.base, digest, 'shares', { service: 'default/nginx-svc' }));
  await page.locator('.mark.pod').first().waitFor();
  const save = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name, exact: true }).click(),
    ]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  };
  const svg = await save('SVG');
  t.equal(svg.name, 'kube-whatif-probability-default-nginx-svc.svg');
  t.match(svg.bytes.toString(), /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  t.match(svg.bytes.toString(), /node-1/);
  t.match(svg.bytes.toString(), /stroke-opacity="0\.38"/, 'its style is inside');
  const png = await save('PNG');
  t.same([...png.bytes.subarray(1, 4)], [...Buffer.from('PNG')]);
  const markdown = await save('Markdown');
  t.match(markdown.bytes.toString(), /^\*\*Even: each of 3 pods/);
  const csv = await save('CSV');
  t.match(csv.bytes.toString(), /1\/3/);

  // Hops are text on the page, and a picture in a file.
  const asked = { service: 'default/nginx-svc', source: 'pod default/client' };
  await page.goto(address(test.base, digest, 'path', asked));
  await page.locator('.hop').first().waitFor();
  const way = await save('SVG');
  t.equal(way.name, 'kube-whatif-path-default-nginx-svc.svg');
  const text = way.bytes.toString();
  t.match(text, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+"/);
  for (const wanted of ['DNAT', 'KUBE-SVC-', 'node-1', '✓']) t.ok(text.includes(wanted), wanted);
  t.same([...(await save('PNG')).bytes.subarray(1, 4)], [...Buffer.from('PNG')]);
  const picture = await test.browser.newPage();
  await picture.setContent(text);
  const outside = await picture.evaluate(`[...document.querySelectorAll('text')].filter((text) => {
    const { x, y, width, height } = text.getBBox();
    const whole = document.querySelector('svg').viewBox.baseVal;
    return x < 0 || y < 0 || x + width > whole.width || y + height > whole.height;
  }).length`);
  t.equal(outside, 0, 'no text is cut off');
  t.same(complaints, []);
});
