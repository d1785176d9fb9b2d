/** The matrix of reach: it fits a terminal, says the same as the data, and is reported in every form. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { paintOf } from '../../src/reports/paint.js';
import { reportOf, rowsOf } from '../../src/reports/registry.js';
import { EVERYTHING, FIRST_SCREEN } from '../../src/reports/view.js';
import { run } from '../cli/run.js';
import { networkPolicy, type PolicedWorkload, policedSnapshot } from '../support/policed-cluster.js';

const shop = () => readSnapshot({ bytes: readFileSync('examples/shop.json') });
const layout = (all = false) => ({ paint: paintOf(false), width: 80, view: all ? EVERYTHING : FIRST_SCREEN });
const text = (answer: ReturnType<typeof many>, all = false) =>
  reportOf('reach').text(answer as never, layout(all) as never, () => '');

/** Forty workloads with long names and a policy for every other one. */
function many(changes: readonly Change[] = []) {
  const workloads = Array.from(
    { length: 40 },
    (_, index): PolicedWorkload => ({
      namespace: 'shop',
      name: `a-workload-with-a-rather-long-name-${index}`,
      nodes: ['n1', 'n2', 'n3'].slice(0, 1 + (index % 3)),
      labels: { app: `w${index}` },
    }),
  );
  const policies = workloads
    .filter((_, index) => index % 2 === 0)
    .map(({ labels }, index) =>
      networkPolicy(`p${index}`, {
        podSelector: { matchLabels: labels },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ podSelector: { matchLabels: { app: `w${index + 1}` } } }] }],
      }),
    );
  return ask('reach', { changes: [...changes] }, policedSnapshot({ workloads, policies }));
}

t.test('text fits 80 columns, also with all of it', async (t) => {
  for (const all of [false, true]) {
    for (const line of text(many(), all).split('\n')) {
      if ([...line].length > 80) t.match(line, /^\s*\S+$/, `only one long word may stand out: ${line}`);
    }
  }
  t.ok(text(many()).split('\n').length < 70, 'the first screen is short');
  t.match(text(many()), /every workload, target and policy: --all/);
});

t.test('cells say what pairs say', async (t) => {
  const answer = ask('reach', {}, shop());
  const out = reportOf('reach').text(answer as never, layout() as never, () => '');
  t.match(out, /^20 of 30 pairs of 6 workloads and 5 Service ports deliver everything; network\npolicies deny 7/);
  t.match(out, / shop\/web +yes +no +1\/2/);
  const markdown = reportOf('reach').markdown(answer as never, () => '');
  t.match(markdown, /\| from \| .*shop\/db:5432/);
  const { columns, rows } = rowsOf('reach', answer as never);
  t.equal(rows.length, answer.result.pairs.length);
  t.ok(rows.every((row) => Object.keys(row).length === columns.length));
  t.match(
    rows.find(({ from, to }) => from === 'StatefulSet shop/web' && to === 'shop/db:5432'),
    { delivered: '0', denied: '1', cause: 'NETWORK_POLICY', direction: 'INGRESS', policies: 'shop/db' },
  );
});

t.test('the command line: options, forms and the exit code', async (t) => {
  const args = ['reach', '-s', 'examples/shop.json', '--in-namespace', 'shop', '--from-namespace', '*'];
  const csv = await run([...args, '-o', 'csv']);
  t.equal(csv.code, 0);
  t.match(csv.stdout, /^from,to,family,delivered/);
  const json = await run([...args, '--to-workloads', '--port', '5432', '-o', 'json']);
  t.match(JSON.parse(json.stdout).result, { to: 'WORKLOADS', counts: { pairs: 18 } });
  t.match(await run([...args, '--port', 'db']), { code: 2, stderr: /--port takes a number/ });
  t.match(await run(['reach', '-s', 'examples/shop.json', '--in-namespace', 'shp']), {
    code: 2,
    stderr: /namespace "shp"/,
  });
  const changed = await run([...args, '-f', 'examples/policies/api-egress.yaml']);
  t.match(changed.stdout, /The change cuts 1 pair \(StatefulSet shop\/api to shop\/api:80\)/);
  const calico = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'NetworkPolicy',
    metadata: { name: 'c', namespace: 'shop' },
    spec: { selector: 'all()' },
  };
  const unknown = await run([...args, '--change', JSON.stringify({ apply: { manifests: [calico] } })]);
  t.equal(unknown.code, 4, 'some of it is not known');
});

t.test('SARIF points to the manifest of the policy that cuts', async (t) => {
  const args = ['check', '-s', 'examples/shop.json', '-f', 'examples/policies/', '-o', 'sarif'];
  const { stdout } = await run(args);
  const [first] = JSON.parse(stdout).runs[0].results;
  t.match(first, {
    ruleId: 'NETWORK_POLICY_CUTS',
    level: 'error',
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: 'examples/policies/api-egress.yaml' }, region: { startLine: 5 } },
      },
    ],
  });
});
