/** Flat rows: the same columns in every row, scalars only, shares that add up, and CSV that no spreadsheet runs. */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { add, equals, formatFraction, ONE, parseFraction, ZERO } from '../../src/base/fraction.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { Answer } from '../../src/contract/answers.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { rowsOf } from '../../src/reports/registry.js';
import { render } from '../../src/reports/render.js';
import { csvOf } from '../../src/reports/rows/csv.js';
import type { Rows } from '../../src/reports/rows/row.js';
import { CHAINS_PARTS, CHAINS_RULES, PATH, PROBABILITY } from './answers.js';
import { BATCH } from './batch-answers.js';
import { hostileAnswers } from './hostile.js';
import { SWEEP } from './sweep-answers.js';
import { WHAT_IF_CHAINS, WHAT_IF_NOTHING, WHAT_IF_PATH, WHAT_IF_PROBABILITY } from './what-if-answers.js';

const ARTICLE = readSnapshot({ inline: JSON.parse(readFileSync('examples/article.json', 'utf8')) });

/** The requests in examples/, answered. */
const EXAMPLES = readdirSync('examples/requests').map((file): [string, QuestionKind, Answer] => {
  const name = file.replace(/\.json$/, '');
  const kind = (name.startsWith('what-if') ? 'what-if' : name.split('-')[0]) as QuestionKind;
  const request = JSON.parse(readFileSync(`examples/requests/${file}`, 'utf8')) as QuestionRequest;
  return [name, kind, ask(kind, request, ARTICLE)];
});

const CASES: readonly (readonly [string, QuestionKind, Answer])[] = [
  ['chains-parts', 'chains', CHAINS_PARTS],
  ['chains-rules', 'chains', CHAINS_RULES],
  ['path', 'path', PATH],
  ['probability', 'probability', PROBABILITY],
  ['what-if-chains', 'what-if', WHAT_IF_CHAINS],
  ['what-if-path', 'what-if', WHAT_IF_PATH],
  ['what-if-probability', 'what-if', WHAT_IF_PROBABILITY],
  ['what-if-nothing', 'what-if', WHAT_IF_NOTHING],
  ['sweep', 'sweep', SWEEP],
  ['batch', 'batch', BATCH],
  ...EXAMPLES,
];

/** CSV as RFC 4180 has it. */
function readCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  for (const [, quoted, bare = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    record.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === '\r\n') {
      records.push(record);
      record = [];
    }
  }
  return records;
}

t.test('every row has the columns, in their order, and scalars only', async (t) => {
  for (const [name, kind, answer] of CASES) {
    const { columns, rows } = rowsOf(kind, answer);
    t.equal(new Set(columns).size, columns.length, name);
    for (const row of rows) {
      t.same(Object.keys(row), columns, name);
      t.ok(
        Object.values(row).every((cell) => cell === null || typeof cell !== 'object'),
        name,
      );
    }
    t.same(JSON.parse(render(kind, answer, 'rows')), { rows }, name);
    const read = readCsv(render(kind, answer, 'csv'));
    t.same(read[0], columns, name);
    t.same(
      read.slice(1).map((record) => record.length),
      rows.map(() => columns.length),
      name,
    );
  }
});

t.test('columns keep their names: dashboards are made of them', async (t) => {
  const columnsOf = (name: string) => {
    const [, kind, answer] = CASES.find(([one]) => one === name) as (typeof CASES)[number];
    return rowsOf(kind, answer).columns.join(' ');
  };
  const service = 'service port portName protocol';
  const endpoint = 'endpoint pod node zone';
  const shift = 'before after shift beforeValue afterValue shiftValue';
  t.equal(
    columnsOf('chains'),
    `family mode version nodes shared table chain position rule ${service} endpoint chance value`,
  );
  t.equal(
    columnsOf('path'),
    `source destination protocol family client verdict cause share value programmed ${endpoint} seenClient clientAddressKept clientSees replyReturns hops steps traces explanation`,
  );
  t.equal(
    columnsOf('probability'),
    `${service} via family destination clients verdict cause ${endpoint} share value programmed imbalance`,
  );
  t.equal(columnsOf('what-if-chains'), `change nodes family table chain before after ${service} endpoint`);
  t.equal(
    columnsOf('what-if-path'),
    `change client verdict cause ${endpoint} ${shift} stepsRemoved stepsAdded seenClientBefore seenClientAfter`,
  );
  t.equal(columnsOf('what-if-probability'), `change ${service} via family verdict cause ${endpoint} ${shift}`);
  t.equal(
    columnsOf('sweep'),
    `replicas ${service} via family endpoints largest largestValue smallest smallestValue even evenValue imbalance imbalanceValue largestNode largestNodeValue largestZone largestZoneValue delivered deliveredValue dropped droppedValue rejected rejectedValue unreachable unreachableValue unknown unknownValue nodes busiestNode busiestZone notRunning satisfied findings`,
  );
});

t.test('rows say what the answer says', async (t) => {
  const of = (name: string): Rows => {
    const [, kind, answer] = CASES.find(([one]) => one === name) as (typeof CASES)[number];
    return rowsOf(kind, answer);
  };
  const sum = ({ rows }: Rows) =>
    rows.reduce((total, row) => add(total, parseFraction(String(row.share)) ?? ZERO), ZERO);
  const walked = {
    source: { pod: 'default/client' },
    destination: { service: { namespace: 'default', name: 'nginx-svc' } },
  };
  const cut = ask('path', { path: { ...walked, maxTraces: 1 } }, ARTICLE);
  t.match(rowsOf('path', cut).rows.at(-1), { traces: 2, share: '2/3', verdict: null });
  t.ok(equals(sum(rowsOf('path', cut)), ONE), 'the shares of a path sum to 1');
  const probability = of('probability');
  t.equal(formatFraction(sum(probability)), '2', 'so do those of each of two Service ports');
  t.match(probability.rows[0], {
    service: 'default/web',
    verdict: 'DELIVERED',
    share: '1/6',
    value: 1 / 6,
    programmed: 0.166666666667,
  });
  t.match(probability.rows.at(-1), { verdict: 'REJECTED', cause: 'NO_ENDPOINTS', endpoint: null, share: '1' });
  const article = rowsOf('probability', ask('probability', {}, ARTICLE));
  t.match(article.rows.filter(({ service }) => service === 'default/nginx-svc')[0], {
    endpoint: '192.168.0.6:80',
    node: 'node-1',
    share: '1/3',
  });
  const shifted = of('what-if-probability');
  t.match(shifted.rows[0], { change: 'CHANGED', verdict: 'DELIVERED' });
  for (const row of shifted.rows) {
    const { beforeValue, afterValue, shiftValue } = row as Record<string, number>;
    t.ok(Math.abs((afterValue ?? 0) - (beforeValue ?? 0) - (shiftValue ?? 1)) < 1e-12);
  }
  t.equal(of('sweep').rows.length, 81);
  t.match(of('sweep').rows[80], { replicas: 80, endpoints: 60, notRunning: 20, largest: '1/60', satisfied: true });
  const batch = of('batch').rows;
  t.same(
    [...new Set(batch.map(({ index, question }) => `${index} ${question}`))],
    ['0 probability', '1 probability', '2 null', '3 path'],
  );
  t.match(
    batch.find(({ index }) => index === 1),
    { problem: 'NOT_FOUND', detail: /wbe/, share: null },
  );
});

t.test('a check has its findings, then its doors', async (t) => {
  const scale = { kind: 'Deployment' as const, namespace: 'default', name: 'nginx-deployment', replicas: 0 };
  const { columns, rows } = rowsOf('check', ask('check', { changes: [{ scale }] }, ARTICLE));
  t.equal(columns.slice(0, 4).join(' '), 'row severity code message');
  const found = rows.findIndex(({ row }) => row === 'DOOR');
  t.match(
    rows.find(({ code }) => code === 'DELIVERED_BEFORE_REJECTED_NOW'),
    { row: 'FINDING', severity: 'ERROR', service: 'default/nginx-svc' },
  );
  t.ok(rows.slice(found).every(({ row, severity }) => row === 'DOOR' && severity === null));
  t.match(rows[found], {
    service: 'default/nginx-svc',
    via: 'CLUSTER_IP',
    change: 'CHANGED',
    deliveredBefore: '1',
    deliveredAfter: '0',
    deliveredShift: '-1',
    deliveredShiftValue: -1,
    lost: '1',
  });
  t.match(
    render('check', ask('check', { changes: [{ scale }] }, ARTICLE), 'csv'),
    /^row,severity,code,message,service/,
  );
});

t.test('rules are rows in every format', async (t) => {
  const chains = { nodes: ['node-1'], families: ['IPv4'] as const, services: ['default/nginx-svc'] };
  const rowsIn = (format: 'RESTORE' | 'SAVE' | 'LIST' | 'RULES') =>
    rowsOf('chains', ask('chains', { chains: { ...chains, format } }, ARTICLE)).rows;
  const inSvc = (rows: Rows['rows']) => rows.filter(({ chain }) => chain === 'KUBE-SVC-HL5LMXD5JFHQZ6LN');
  for (const format of ['RESTORE', 'SAVE', 'RULES'] as const) {
    const rows = inSvc(rowsIn(format));
    t.same(
      rows.map(({ table, position }) => [table, position]),
      [1, 2, 3, 4].map((position) => ['nat', position]),
      format,
    );
    t.match(rows[3]?.rule, /^-A KUBE-SVC-HL5LMXD5JFHQZ6LN .*-j KUBE-SEP-IZVAHZHZ3GFLVV7G$/);
  }
  t.match(inSvc(rowsIn('RULES'))[1], {
    service: 'default/nginx-svc',
    endpoint: '192.168.0.6:80',
    chance: '1/3',
    value: 1 / 3,
  });
  t.match(
    inSvc(rowsIn('LIST'))
      .map(({ position, rule }) => [position, rule])
      .at(-1),
    [4, /^KUBE-SEP-IZVAHZHZ3GFLVV7G /],
  );
});

t.test('no cell of CSV is a formula, and control characters are spelled out', async (t) => {
  const cells = ['=1+1', '+1', '-A KUBE', '@x', '\t=1', ' =1', '＝1', 'a,b', 'a"b', 'a\nb', '-1/12', '-3', '', 'x'];
  const columns = cells.map((_, index) => `c${index}`);
  const row = Object.fromEntries(cells.map((cell, index) => [`c${index}`, cell]));
  t.same(readCsv(csvOf({ columns, rows: [row] }))[1], [
    "'=1+1",
    "'+1",
    "'-A KUBE",
    "'@x",
    '\\t=1',
    "' =1",
    "'＝1",
    'a,b',
    'a"b',
    'a\\nb',
    '-1/12',
    '-3',
    '',
    'x',
  ]);
  t.same(readCsv(csvOf({ columns: ['a', 'b', 'c'], rows: [{ a: -0.5, b: true, c: null }] }))[1], ['-0.5', 'true', '']);
  for (const [name, kind, answer] of hostileAnswers()) {
    const text = render(kind, answer, 'csv');
    t.notMatch(text.replaceAll('\r\n', ''), /\p{C}/u, name);
    for (const cell of readCsv(text).slice(1).flat()) {
      if (!/^-?\d+(\/\d+)?$|^-?\d+(\.\d+)?(e-?\d+)?$/.test(cell)) t.notMatch(cell, /^\s*[=+\-@]/, name);
    }
  }
});
