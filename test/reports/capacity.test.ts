/** The screens of traffic, solve and timeline: 80 columns, the same sentence in each form, rows with every value. */
import t from 'tap';
import { run } from '../cli/run.js';

const FILE = ['-s', 'examples/three-zones.json'];
const RATE = ['--rps', '5000', '--max-rps', '300'];

const SCREENS: readonly (readonly [readonly string[], RegExp, readonly string[]])[] = [
  [
    ['sweep', '--workload', 'web', '--replicas', '3..40', ...RATE],
    /^17 replicas of default\/web are enough: the hottest pod gets 294 requests\nper second/,
    ['hottestRequestsPerSecond', 'overCapacity'],
  ],
  [
    ['sweep', '--workload', 'web', '--replicas', '3..40', '--connections', '50', '--capacity', '6'],
    /are enough: with a chance of/,
    ['mostP99', 'expectedIdle'],
  ],
  [
    ['probability', '--to', 'web', ...RATE, '--connections', '50'],
    /^Even: each of 3 pods/,
    ['connectionsP99', 'overChance'],
  ],
  [
    ['solve', '--workload', 'web', ...RATE, '--without', 'zone'],
    /^26 replicas of default\/web are enough, also without any one zone/,
    ['solve', 'binding'],
  ],
  [['solve', '--find', 'policy', '--to', 'web', '--cost', 'imbalance=1'], /costs least/, ['cost', 'clientAddressKept']],
  [
    ['solve', '--find', 'placement', '--workload', 'web', '--replicas', '5'],
    /^Every placement|^At worst/,
    ['nodes', 'imbalance'],
  ],
  [
    ['solve', '--find', 'rollout', '--workload', 'web', '--scale', 'web=20', ...RATE],
    /^maxUnavailable 3 with maxSurge 5/,
    ['role', 'fits'],
  ],
  [
    ['timeline', '--scale-to', 'web=6', '--connections', '300', '--lifetime', '60'],
    /^The load is even within 10 % after 149 s/,
    ['newPodConnections', 'worst'],
  ],
  [
    ['timeline', '--rollout', 'web', '--connections', '300', ...RATE],
    /Worst (from|at)/,
    ['connectionsBroken', 'overCapacity'],
  ],
  [
    ['timeline', '--zone-fails', 'zone-a', '--to', 'web', ...RATE],
    /33.3 % of new connections are lost/,
    ['newConnectionsLost', 'delays'],
  ],
  [['timeline', '--node-drained', 'zone-a-1', '--to', 'web'], /new connections/, ['title', 'ready']],
];

t.test('screens', async (t) => {
  for (const [args, first, columns] of SCREENS) {
    const name = args.join(' ');
    const [command = '', ...rest] = args;
    const text = await run([command, ...FILE, ...rest]);
    t.equal(text.code, 0, `${name}: ${text.stderr}`);
    t.match(text.stdout.replace(/\n/g, ' '), new RegExp(first.source.replaceAll('\\n', ' ')), name);
    const wide = text.stdout.split('\n').filter((line) => [...line].length > 80);
    t.same(wide, [], `${name}: 80 columns`);
    t.notMatch(text.stdout, /NaN|undefined|Infinity/);
    const markdown = await run([command, ...FILE, ...rest, '-o', 'markdown']);
    t.match(markdown.stdout, /^\*\*/);
    const csv = await run([command, ...FILE, ...rest, '-o', 'csv']);
    const [head = '', one = ''] =
      csv.stdout.split('\r\n').length > 1 ? csv.stdout.split('\r\n') : csv.stdout.split('\n');
    for (const column of columns) t.ok(head.split(',').includes(column), `${name}: column ${column}`);
    t.ok(one.length > 0);
    const json = JSON.parse((await run([command, ...FILE, ...rest, '-o', 'json'])).stdout) as { summary: string };
    const words = (value: string) => value.replace(/\s+/g, ' ');
    t.ok(words(text.stdout).startsWith(words(json.summary)), `${name}: the summary is the headline`);
  }
});

t.test('policies that are left out are named with their whole reason', async (t) => {
  const { stdout } = await run(['solve', ...FILE, '--find', 'policy', '--to', 'web', '--kubernetes-version', '1.33']);
  t.match(
    stdout.replace(/\s+/g, ' '),
    /PreferSameNode: "PreferSameNode" is not known; it must be one of PreferClose\./,
  );
  t.match(stdout, /^ {2}topology-mode Auto /m, 'no name is cut for it');
});

t.test('check and inspect: the load of doors, pods, nodes and zones in rows', async (t) => {
  const traffic = [...FILE, ...RATE, '--connections', '50', '-o', 'rows', '--fail-on', 'never'];
  const rowsOf = async (...args: readonly string[]) => {
    const { stdout, stderr } = await run([...args, ...traffic]);
    t.equal(stderr, '');
    return (JSON.parse(stdout) as { rows: Record<string, unknown>[] }).rows;
  };
  const scaled = await rowsOf('check', '--scale', 'web=6');
  const of = (rows: readonly Record<string, unknown>[], kind: string) =>
    rows.filter(({ row, clients }) => row === kind && clients === 'PODS');
  t.match(of(scaled, 'DOOR')[0], {
    mostP99Before: 26,
    mostP99After: 17,
    overCapacityBefore: Number,
    lawAfter: 'CONNECTIONS',
  });
  // Binomial(50, 1/3) and Binomial(50, 1/6).
  const pods = of(scaled, 'POD');
  t.equal(pods.length, 6);
  t.match(pods[0], {
    connectionsP50Before: 17,
    connectionsP50After: 8,
    connectionsP99Before: 25,
    connectionsP99After: 15,
  });
  t.equal(pods.filter(({ connectionsBefore }) => connectionsBefore === null).length, 3, 'new pods had none');
  t.match(of(scaled, 'ZONE')[0], { zone: 'zone-a', connectionsP50Before: 17, connectionsP50After: 17 });
  t.equal(of(scaled, 'NODE').length, 3);
  const now = await rowsOf('inspect');
  t.match(of(now, 'DOOR')[0], { mostP99: 26, overCapacity: Number });
  t.match(of(now, 'POD')[0], { connectionsP50: 17, overChance: Number, node: 'zone-a-1', zone: 'zone-a' });
  t.equal(of(now, 'ZONE').length, 3);
  for (const args of [['check', '--scale', 'web=6'], ['inspect']]) {
    const text = await run([...args, ...FILE, ...RATE, '--connections', '50', '--fail-on', 'never']);
    t.match(text.stdout.replaceAll(/\s+/g, ' '), /over capacity (100 % → )?100 %/);
    t.same(
      text.stdout.split('\n').filter((line) => [...line].length > 80),
      [],
    );
    const markdown = await run([
      ...args,
      ...FILE,
      ...RATE,
      '--connections',
      '50',
      '--fail-on',
      'never',
      '-o',
      'markdown',
    ]);
    t.match(markdown.stdout, /over capacity/);
  }
});

t.test('options that contradict each other, or say nothing', async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['timeline'], /Say what happens/],
    [['timeline', '--scale-to', 'web=6', '--node-fails', 'zone-a-1'], /both say what happens/],
    [['timeline', '--scale-to', 'web=6', '--time', 'later=4'], /--time takes/],
    [['solve', '--find', 'everything', '--workload', 'web'], /--find/],
    [['solve', '--find', 'policy', '--to', 'web', '--cost', 'happiness=1'], /--cost takes/],
    [['solve', '--workload', 'web'], /how much is sent/],
    [['sweep', '--workload', 'web', '--replicas', '1..3', '--rps', '-5'], /needs a/],
    [
      ['sweep', '--workload', 'web', '--replicas', '1..3', '--rps', '5', '--max-rps', '0'],
      /\/sweep\/probability\/traffic/,
    ],
    [
      ['sweep', '--workload', 'web', '--replicas', '1..3', '--rps', '5', '--max-rps', '4', '--max-chance', '100%'],
      /maxChance/,
    ],
  ];
  for (const [[command = '', ...rest], message] of cases) {
    const { code, stderr } = await run([command, ...FILE, ...rest]);
    t.equal(code, 2, rest.join(' '));
    t.match(stderr, message);
  }
});
