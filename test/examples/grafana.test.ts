/** The dashboard in examples/grafana asks what it says, and gets the columns that it shows. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { send, start } from '../rest/support.js';

interface Column {
  readonly selector: string;
  readonly text: string;
  readonly type: 'string' | 'number' | 'boolean';
}

interface Target {
  readonly type: string;
  readonly source: string;
  readonly format: string;
  readonly parser: string;
  readonly url: string;
  readonly url_options: {
    readonly method: string;
    readonly params: readonly { readonly key: string; readonly value: string }[];
    readonly body_type: string;
    readonly body_content_type: string;
    readonly data: string;
  };
  readonly root_selector: string;
  readonly columns: readonly Column[];
}

interface Panel {
  readonly title: string;
  readonly options: { readonly xField?: string };
  readonly datasource: { readonly type: string; readonly uid: string };
  readonly targets: readonly Target[];
}

interface Dashboard {
  readonly __inputs: readonly { readonly name: string; readonly pluginId: string }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
  readonly panels: readonly Panel[];
}

const DASHBOARD = JSON.parse(readFileSync('examples/grafana/dashboard.json', 'utf8')) as Dashboard;
const SNAPSHOT = readFileSync('examples/article.json');

t.test('every panel is answered, and every column is there', async (t) => {
  const running = await start();
  t.teardown(() => running.app.close());
  const digest = `sha256:${createHash('sha256').update(SNAPSHOT).digest('hex')}`;
  const held = await send(running, 'PUT', `/v1/snapshots/${digest}`, { 'content-type': 'application/json' }, SNAPSHOT);
  t.ok(held.status === 200 || held.status === 201, held.text);
  const variables = new Map(DASHBOARD.templating.list.map(({ name, query }) => [name, query]));
  t.equal(variables.get('snapshot'), '', 'a snapshot is given by those who import it');
  variables.set('snapshot', digest);
  const used = new Set<string>();
  const filled = (text: string) =>
    text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
      used.add(name);
      const value = variables.get(name);
      if (value === undefined) throw new Error(`the dashboard has no variable ${name}`);
      return value;
    });
  const [input] = DASHBOARD.__inputs;
  t.equal(input?.pluginId, 'yesoreyeram-infinity-datasource');
  for (const { title, datasource, targets, options } of DASHBOARD.panels) {
    t.same(datasource, { type: input?.pluginId, uid: `\${${input?.name}}` }, title);
    filled(title);
    for (const target of targets) {
      const { url_options: url, columns } = target;
      t.match(
        target,
        { type: 'json', source: 'url', format: 'table', parser: 'backend', root_selector: 'rows' },
        title,
      );
      t.match(url, { method: 'POST', body_type: 'raw', body_content_type: 'application/json' }, title);
      const query = new URLSearchParams(
        url.params.map(({ key, value }): [string, string] => [key, filled(value)]),
      ).toString();
      const headers = { 'content-type': url.body_content_type };
      const reply = await send(running, url.method, `${filled(target.url)}?${query}`, headers, filled(url.data));
      t.equal(reply.status, 200, `${title}: ${reply.text.slice(0, 500)}`);
      const { rows } = reply.json() as unknown as { rows: readonly Readonly<Record<string, unknown>>[] };
      t.ok(rows.length > 0, title);
      for (const { selector, type } of columns) {
        t.ok(
          rows.every((row) => selector in row),
          `${title}: ${selector}`,
        );
        const values = rows.map((row) => row[selector]).filter((value) => value !== null);
        t.ok(
          values.every((value) => typeof value === type),
          `${title}: ${selector} is ${type}`,
        );
      }
      if (options.xField !== undefined)
        t.ok(
          columns.some(({ text }) => text === options.xField),
          title,
        );
    }
  }
  t.same(
    [...variables.keys()].filter((name) => !used.has(name)),
    [],
    'every variable is used',
  );
});
