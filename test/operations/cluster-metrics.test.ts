/** `/metrics/clusters`: the numbers of inspect, a bounded number of series, each credential's own names. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { post, QUICK, type Running, send, start } from '../rest/support.js';

t.setTimeout(600_000);
const json = { 'content-type': 'application/json' };
const zones = readFileSync('examples/three-zones.json');

/** The series of an exposition: name and labels in order of names, and the value. */
function seriesOf(text: string): ReadonlyMap<string, number> {
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

const put = (running: Running, name: string, body: string | Buffer, headers = {}) =>
  send(running, 'PUT', `/v1/snapshots/names/${name}`, { ...json, ...headers }, body);
const scrape = async (running: Running, headers = {}) => {
  const reply = await send(running, 'GET', '/metrics/clusters', headers);
  return { status: reply.status, series: seriesOf(reply.text), text: reply.text };
};

t.test('the numbers are those of inspect', async (tt) => {
  let clock = Date.UTC(2026, 10, 29);
  const running = await start({ small: QUICK, large: QUICK, held: QUICK, clock: () => clock });
  tt.teardown(() => running.app.close());
  const empty = await scrape(running);
  tt.same([empty.status, empty.series.size], [200, 0]);
  await put(running, 'prod', zones);
  clock += 90_000;
  const { series, text } = await scrape(running);
  const inspect = await post(running, '/v1/inspect', {
    snapshot: { name: 'prod' },
    inspect: { lists: ['SERVICES', 'OBJECTS'] },
  });
  const result = inspect.json().result as {
    services: {
      service: string;
      notDelivered: { value: number };
      imbalance: { value: number };
      crossZone: { value: number };
    }[];
    severities: { error: number; warning: number; info: number };
  };
  const labels = 'cluster="prod",namespace="default",service="web"';
  const [web] = result.services;
  tt.equal(series.get(`kube_whatif_service_imbalance{${labels}}`), web?.imbalance.value, text);
  tt.equal(series.get(`kube_whatif_service_cross_zone_share{${labels}}`), web?.crossZone.value);
  tt.equal(series.get(`kube_whatif_service_not_delivered_share{${labels}}`), 0);
  tt.equal(series.get(`kube_whatif_service_endpoints_ready{${labels}}`), 3);
  tt.equal(series.get('kube_whatif_cluster_findings{cluster="prod",severity="INFO"}'), result.severities.info);
  tt.equal(series.get(`kube_whatif_service_findings{${labels},severity="INFO"}`), 2);
  tt.equal(series.get('kube_whatif_cluster_snapshot_age_seconds{cluster="prod"}'), 90);
  tt.equal(series.get('kube_whatif_cluster_measured{cluster="prod"}'), 1);
  tt.equal(series.get('kube_whatif_cluster_snapshot_senders{cluster="prod"}'), 1);
  tt.equal(series.get('kube_whatif_cluster_objects{cluster="prod",kind="Node"}'), 3);

  const { items } = JSON.parse(zones.toString()) as { items: { kind: string }[] };
  const shrunk = await put(
    running,
    'prod',
    JSON.stringify({ kind: 'List', items: items.filter(({ kind }) => kind !== 'Pod') }),
  );
  tt.equal(shrunk.status, 409);
  const refused = await scrape(running);
  tt.equal(refused.series.get('kube_whatif_cluster_snapshots_refused{cluster="prod",code="SNAPSHOT_SHRUNK"}'), 1);
  await send(running, 'DELETE', '/v1/snapshots/names/prod');
  tt.equal((await scrape(running)).series.size, 0);
});

t.test('a bounded number of series, the worst first, and the others together', async (tt) => {
  const running = await start({ small: QUICK, large: QUICK, held: QUICK, metricsServices: 2 });
  tt.teardown(() => running.app.close());
  const list = JSON.parse(zones.toString()) as { items: { kind: string; metadata: Record<string, unknown> }[] };
  const service = list.items.find(({ kind }) => kind === 'Service') as (typeof list.items)[number];
  // Services without endpoints: their connections are rejected.
  const more = Array.from({ length: 6 }, (_, number) => ({
    ...service,
    metadata: { name: `lost-${number}`, namespace: 'odd' },
    spec: {
      clusterIP: `172.30.9.${number + 1}`,
      clusterIPs: [`172.30.9.${number + 1}`],
      ports: [{ port: 80, protocol: 'TCP' }],
    },
  }));
  const sent = await put(running, 'prod', JSON.stringify({ ...list, items: [...list.items, ...more] }));
  tt.equal(sent.status, 201, sent.text);
  const { series, text } = await scrape(running);
  const shares = [...series].filter(([name]) => name.startsWith('kube_whatif_service_not_delivered_share'));
  tt.same(shares, [
    ['kube_whatif_service_not_delivered_share{cluster="prod",namespace="odd",service="lost-0"}', 1],
    ['kube_whatif_service_not_delivered_share{cluster="prod",namespace="odd",service="lost-1"}', 1],
    ['kube_whatif_service_not_delivered_share{cluster="prod",namespace="",service="(others)"}', 1],
  ]);
  tt.equal(series.get('kube_whatif_service_endpoints_ready{cluster="prod",namespace="",service="(others)"}'), 3, text);
  tt.equal(series.get('kube_whatif_cluster_services{cluster="prod"}'), 7);
});

t.test('whose names, and what a question waits for', async (tt) => {
  const [one, two] = ['a'.repeat(20), 'b'.repeat(20)];
  const running = await start({ small: QUICK, large: QUICK, held: QUICK, tokens: [one, two], metrics: 'open' });
  tt.teardown(() => running.app.close());
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  await put(running, 'prod', zones, as(one));
  tt.equal((await scrape(running)).status, 401, 'names need their token, also where /metrics is open');
  tt.equal((await scrape(running, as(two))).series.size, 0);
  tt.ok((await scrape(running, as(one))).series.size > 5);
  tt.equal((await send(running, 'POST', '/metrics/clusters', as(one))).status, 405);
});
