/** The dashboard in examples/grafana asks what it says, and gets the values and columns that it shows. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import jsonata from 'jsonata';
import t, { type Test } from 'tap';
import { freePorts } from '../replicas/plant.js';
import { type Running, send, start } from '../rest/support.js';

t.setTimeout(600_000);

interface Column {
  readonly selector: string;
  readonly text: string;
  readonly type: 'string' | 'number' | 'boolean' | 'timestamp';
}

interface InfinityQuery {
  readonly type: string;
  readonly source: string;
  readonly format: string;
  readonly parser: string;
  readonly url: string;
  readonly url_options: {
    readonly method: string;
    readonly params: readonly { readonly key: string; readonly value: string }[];
  };
  readonly root_selector: string;
  readonly columns: readonly Column[];
}

interface Source {
  readonly type: string;
  readonly uid: string;
}

interface Target extends InfinityQuery {
  readonly datasource: Source;
  readonly expr?: string;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly options?: { readonly xField?: string; readonly content?: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
}

interface Variable {
  readonly name: string;
  readonly type: 'query' | 'custom' | 'constant';
  readonly query: string | { readonly queryType: string; readonly infinityQuery: InfinityQuery };
  readonly current: { readonly value: string };
  readonly options: readonly { readonly value: string }[];
}

interface Dashboard {
  readonly __inputs: readonly { readonly name: string; readonly pluginId?: string }[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly Panel[];
}

const FILE = 'examples/grafana/dashboard.json';
const DASHBOARD = JSON.parse(readFileSync(FILE, 'utf8')) as Dashboard;

/** What a Grafana with this dashboard knows: its variables, as far as they are settled. */
class Filled {
  readonly values = new Map<string, string>();
  readonly used = new Set<string>();

  text(text: string): string {
    return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (all, braced?: string, bare?: string) => {
      const name = braced ?? bare ?? '';
      // A function of JSONata.
      if (name === 'lowercase') return all;
      this.used.add(name);
      const value = this.values.get(name);
      if (value === undefined) throw new Error(`the dashboard has no variable ${name}, or it comes later`);
      return value;
    });
  }
}

type Row = Readonly<Record<string, unknown>>;

const at = (row: Row, selector: string): unknown =>
  selector.split('.').reduce<unknown>((value, name) => (Object(value) as Row)[name], row);

/** Asks what Infinity would, and takes rows out of the answer as its JSONata parser does. */
async function ask(
  running: Running,
  query: InfinityQuery,
  filled: Filled,
): Promise<{ status: number; text: string; rows: readonly Row[] }> {
  const params = query.url_options.params.map(({ key, value }): [string, string] => [key, filled.text(value)]);
  const search = new URLSearchParams(params).toString();
  const reply = await send(
    running,
    query.url_options.method,
    `${filled.text(query.url)}${search === '' ? '' : `?${search}`}`,
  );
  const found: unknown =
    reply.status === 200 ? await jsonata(filled.text(query.root_selector)).evaluate(reply.json()) : [];
  const rows = found === undefined ? [] : ([found].flat() as unknown as readonly Row[]);
  return { status: reply.status, text: reply.text, rows };
}

async function filledBy(running: Running, tt: Test): Promise<Filled> {
  const filled = new Filled();
  for (const { name, type, query, current, options } of DASHBOARD.templating.list) {
    if (type === 'constant') filled.values.set(name, 'http://kube-whatif.example');
    else if (type === 'custom') {
      tt.ok(
        options.some(({ value }) => value === current.value),
        name,
      );
      filled.values.set(name, current.value);
    } else {
      if (typeof query === 'string') throw new Error(`${name} has no query`);
      tt.equal(query.queryType, 'infinity', name);
      const { status, text, rows } = await ask(running, query.infinityQuery, filled);
      tt.equal(status, 200, `${name}: ${text.slice(0, 300)}`);
      tt.ok(rows.length > 0, `${name} has values`);
      const columns = query.infinityQuery.columns;
      const value = columns.find(({ text: title }) => title === '__value') ?? columns[0];
      const values = rows.map((row) => String(at(row, value?.selector ?? '')));
      // People choose what there is something to see of.
      const chosen = ['default', 'nginx-svc'].find((one) => values.includes(one)) ?? values[0];
      filled.values.set(name, chosen as string);
    }
  }
  return filled;
}

/** A server with two versions of a cluster, the Service a NodePort one. */
async function served(teardown: (what: () => unknown) => void): Promise<Running> {
  const running = await start();
  teardown(() => running.app.close());
  for (const file of ['examples/article.json', 'examples/article-nodeport.json']) {
    const reply = await send(
      running,
      'PUT',
      '/v1/snapshots/names/prod',
      { 'content-type': 'application/json' },
      readFileSync(file),
    );
    if (reply.status !== 201) throw new Error(reply.text);
  }
  return running;
}

t.test('every panel is answered, and every column is there', async (tt) => {
  const running = await served((what) => tt.teardown(what));
  const filled = await filledBy(running, tt);
  tt.same(
    ['cluster', 'namespace', 'service', 'port', 'node', 'workload'].map((name) => filled.values.get(name)),
    ['prod', 'default', 'nginx-svc', '80', 'node-1', 'deployment/default/nginx-deployment'],
  );
  const inputs = new Map(DASHBOARD.__inputs.map(({ name, pluginId }) => [`\${${name}}`, pluginId]));
  let asked = 0;
  for (const { title, type, targets = [], options } of DASHBOARD.panels) {
    filled.text(title);
    if (options?.content !== undefined) filled.text(options.content);
    for (const target of targets) {
      tt.equal(inputs.get(target.datasource.uid), target.datasource.type, title);
      if (target.expr !== undefined) {
        filled.text(target.expr);
        continue;
      }
      tt.match(
        target,
        { type: 'json', source: 'url', format: 'table', parser: 'backend', url_options: { method: 'GET' } },
        title,
      );
      const { status, text, rows } = await ask(running, target, filled);
      asked++;
      tt.equal(status, 200, `${title}: ${text.slice(0, 500)}`);
      // Of a change that changes nothing for these clients there are no rows.
      if (type !== 'table') tt.ok(rows.length > 0, title);
      for (const { selector, type: kind } of target.columns) {
        const values = rows.map((row) => at(row, selector));
        tt.ok(
          values.every((value) => value !== undefined || selector.includes('.')),
          `${title}: ${selector} is there`,
        );
        const wanted = kind === 'timestamp' ? 'string' : kind;
        tt.ok(
          values.every((value) => value == null || typeof value === wanted),
          `${title}: ${selector} is ${kind}`,
        );
        if (kind === 'timestamp')
          tt.ok(
            values.every((value) => !Number.isNaN(Date.parse(String(value)))),
            title,
          );
      }
      if (options?.xField !== undefined)
        tt.ok(
          target.columns.some(({ text: name }) => name === options.xField),
          title,
        );
    }
  }
  tt.ok(asked >= 9);
  const unused = [...filled.values.keys()].filter((name) => !filled.used.has(name));
  tt.same(unused, [], 'every variable is used');
  const ids = DASHBOARD.panels.map(({ id }) => id);
  tt.equal(new Set(ids).size, ids.length, 'ids of panels');
  for (const { title, gridPos: a, id } of DASHBOARD.panels) {
    const over = DASHBOARD.panels.filter(
      ({ id: other, gridPos: b }) =>
        other !== id && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
    );
    tt.same(over, [], `${title} overlaps nothing`);
  }
});

const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;

t.test(
  'a real Prometheus answers the queries',
  { skip: !hasPrometheus && 'no prometheus here: apt-get install -y prometheus' },
  async (tt) => {
    const running = await served((what) => tt.teardown(what));
    const filled = await filledBy(running, tt);
    const folder = tt.testdir({});
    const config = join(folder, 'prometheus.yml');
    writeFileSync(
      config,
      `scrape_configs: [{ job_name: a, metrics_path: /metrics/clusters, scrape_interval: 1s, static_configs: [{ targets: ['127.0.0.1:${running.port}'] }] }]\n`,
    );
    const [port = 0] = await freePorts(1);
    const child: ChildProcess = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    tt.teardown(() => child.kill('SIGKILL'));
    const query = async (text: string) => {
      const reply = await fetch(`http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query: text })}`);
      return (await reply.json()) as { status: string; error?: string; data?: { result: readonly unknown[] } };
    };
    for (let tries = 0; tries < 1200; tries++) {
      const now = await query('kube_whatif_cluster_measured == 1').catch(() => undefined);
      if ((now?.data?.result.length ?? 0) > 0) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    let asked = 0;
    for (const { title, targets = [] } of DASHBOARD.panels) {
      for (const { expr } of targets) {
        if (expr === undefined) continue;
        asked++;
        const found = await query(filled.text(expr));
        tt.equal(found.status, 'success', `${title}: ${expr}: ${found.error}`);
        if (!expr.includes('> 0')) tt.ok((found.data?.result.length ?? 0) > 0, `${title}: ${expr}`);
      }
    }
    tt.ok(asked > 5);
  },
);

/**
 * Reads a dashboard strictly, by the types that Grafana's schema generates; test/examples/build-grafana-schema.sh makes
 * it.
 */
const SCHEMA = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kube-whatif', 'grafana-schema');

t.test(
  'it follows Grafana’s schema',
  { skip: !existsSync(SCHEMA) && `${SCHEMA} is not there: build it with test/examples/build-grafana-schema.sh` },
  async (tt) => {
    // What an exported dashboard has for whoever imports it is no part of the schema.
    const { __inputs: _, __requires: __, ...rest } = DASHBOARD as Dashboard & { readonly __requires: unknown };
    const check = (dashboard: unknown) => {
      const file = join(tt.testdir({}), 'dashboard.json');
      writeFileSync(file, JSON.stringify(dashboard));
      return spawnSync(SCHEMA, [file], { encoding: 'utf8' });
    };
    const { status, stdout } = check(rest);
    tt.equal(status, 0, stdout);
    tt.equal(check({ ...rest, titel: 'x' }).status, 1, 'it would say what is wrong');
  },
);

t.test('it is loaded by a real Grafana', { skip: 'Grafana is neither in Debian nor on npm or PyPI' }, async () => {});
