import { readFileSync } from 'node:fs';
import t from 'tap';
import { KUBECTL_GET } from '../../src/base/kubectl.js';
import { COMMAND_NAMES, COMMANDS } from '../../src/cli/options.js';
import { run } from './run.js';

const SNAPSHOT = 'examples/article.json';
const PATH = ['path', '-s', SNAPSHOT, '--from', 'pod/default/client'];
const TO = ['--to', 'svc/default/nginx-svc'];

/** Arguments that are refused, and what the first line of standard error must say. */
const REFUSED: readonly (readonly [readonly string[], RegExp])[] = [
  [
    [],
    /^Say what to do: chains, path, probability, what-if, sweep, batch, check, apply, inspect, reach, solve, timeline, snapshot, diff, completion, open, collect, serve\. See kube-whatif --help\.$/,
  ],
  [['chain'], /^There is no command chain\. Did you mean chains\?/],
  [['prob'], /Did you mean probability\?/],
  [['wibble'], /^There is no command wibble\. See/],
  [['--vresion'], /^There is no option --vresion\. Did you mean --version\?/],
  [['chains', '--nodes', 'x'], /^There is no option --nodes\. Did you mean --node\? See kube-whatif chains --help\.$/],
  [['chains', '-x'], /^There is no option -x\./],
  [['chains', 'cluster.json'], /^Unexpected argument cluster\.json\. A snapshot file is given with -s FILE\./],
  [['serve', 'now'], /^Unexpected argument now\. See/],
  [['sweep', '-s', SNAPSHOT], /^--workload is missing\. See kube-whatif sweep --help\.$/],
  [['sweep', '--workload', 'default/web'], /^--replicas is missing/],
  [
    ['sweep', '--workload', 'default/web', '--replicas', '3-5'],
    /^--replicas is FROM\.\.TO, FROM\.\.TO\/STEP or N,N,…, not 3-5\.$/,
  ],
  [
    ['sweep', '--workload', 'daemonset/default/web', '--replicas', '3'],
    /^--workload is \[KIND\/\]NAMESPACE\/NAME with KIND deployment/,
  ],
  [['batch', '-s', SNAPSHOT], /^A batch is in a file: batch --request FILE\./],
  [['what-if'], /^Say which question: what-if chains\|path\|probability\. See kube-whatif what-if --help\.$/],
  [['what-if', '-s', SNAPSHOT], /^Say which question/],
  [['what-if', 'prob'], /^what-if asks chains, path, probability, not prob\. Did you mean probability\?/],
  [['what-if', 'chains', '--from', 'x'], /^There is no option --from\..* See kube-whatif what-if chains --help\.$/],
  [['chains', '--after', SNAPSHOT], /^There is no option --after\./],
  [['what-if', 'chains', '-s', SNAPSHOT], /^Give "changes", at least one, or a second snapshot/],
  [['what-if', 'chains', '-s', SNAPSHOT, '--after', 'nowhere.json'], /^--after nowhere\.json cannot be read/],
  [
    ['what-if', 'chains', '-s', SNAPSHOT, '--after', SNAPSHOT, '--scale', 'default/nginx-deployment=4'],
    /^--after and --scale both say what is compared with/,
  ],
  [['what-if', 'probability', '-s', SNAPSHOT, '--after', 'package.json'], /^The second snapshot: /],
  [['chains', '--node'], /^--node needs a value: --node NODE\.$/],
  [['chains', '--node='], /^--node needs a value/],
  [['chains', '--node', '--family'], /^--node needs a value, and --family looks like an option\./],
  [['chains', '--json=yes'], /^--json takes no value\.$/],
  [['chains', '--at', '2024-01-01T00:00:00Z', '--at', 'now'], /^--at is given twice\.$/],
  [['chains', '--json', '-o', 'text', '-s', SNAPSHOT], /--json and --output text contradict each other\./],
  [
    ['chains', '-o', 'txt', '-s', SNAPSHOT],
    /^--output is text, markdown, json, rows, csv, not txt\. Did you mean text\?$/,
  ],
  [['chains', '--family', '5', '-s', SNAPSHOT], /^--family is 4, 6, IPv4 or IPv6, not 5\.$/],
  [
    ['chains', '--format', 'restor', '-s', SNAPSHOT],
    /^--format is restore, save, list, rules, transaction, not restor\. Did you mean/,
  ],
  [['chains', '--max-bytes', '1e3', '-s', SNAPSHOT], /^--max-bytes is a whole number, not 1e3\.$/],
  [['chains', '--mode', 'nft', '-s', SNAPSHOT], /^--mode is iptables, nftables, ipvs, not nft\./],
  [['chains', '--settings', '[]', '-s', SNAPSHOT], /^--settings \[\] cannot be read: there is no such file\.$/],
  [['chains', '--settings', '{"a":}', '-s', SNAPSHOT], /^--settings is not JSON: line 1, column 6/],
  [['chains', '--scale', 'a/b/c/web=4', '-s', SNAPSHOT], /^--scale is \[KIND\/\]NAMESPACE\/NAME=REPLICAS/],
  [['chains', '--scale', 'deploymnt/default/web=4', '-s', SNAPSHOT], /Did you mean deployment\?$/],
  [['chains', '--scale', 'daemonset/default/web=4', '-s', SNAPSHOT], /^--scale is/],
  [['chains', '--scale', 'default/web', '-s', SNAPSHOT], /^--scale is/],
  [['chains', '--scale', 'default/web=four', '-s', SNAPSHOT], /^The number of replicas in --scale is a whole number/],
  [['chains', '-s', 'nowhere.json'], /^--snapshot nowhere\.json cannot be read: there is no such file\.$/],
  [['chains', '-s', 'examples'], /^--snapshot examples cannot be read: it is a directory, and only files are read\.$/],
  [['chains', '--request', 'nowhere.json', '-s', SNAPSHOT], /^--request nowhere\.json cannot be read/],
  [['path', '-s', SNAPSHOT, ...TO], /^--from is missing\. See kube-whatif path --help\.$/],
  [PATH, /^--to is missing\./],
  [[...PATH, '--via', 'dns'], /^--via says more about --to, which is not given\.$/],
  [['path', '-s', SNAPSHOT, '--from', 'pods/default/client', ...TO], /^--from is pod\/NAMESPACE.* Did you mean pod\?$/],
  [
    ['path', '-s', SNAPSHOT, '--from', 'pod/a/b/client', ...TO],
    /^--from is pod\/NAMESPACE.*, not pod\/a\/b\/client\.$/,
  ],
  [[...PATH, '--to', '[fd00::2]'], /^--to is .*\[ADDRESS\]:PORT for IPv6.*, not \[fd00::2\]\.$/],
  [['path', '-s', SNAPSHOT, '--from', 'pod/a/b/client', ...TO], /^--from is pod\/NAMESPACE\/NAME/],
  [['path', '-s', SNAPSHOT, '--from', 'external@', ...TO], /^--from is/],
  [['path', '-s', SNAPSHOT, '--from', 'external@a,b', ...TO], /^--from is/],
  [['path', '-s', SNAPSHOT, '--from', 'job/default/x', ...TO], /^--from is/],
  [
    [...PATH, '--to', 'svc/a/b/nginx-svc'],
    /^A Service in --to is svc\/NAMESPACE\/NAME\[:PORT\], not svc\/a\/b\/nginx-svc\.$/,
  ],
  [[...PATH, '--to', 'pod/default/x'], /^--to is svc/],
  [[...PATH, '--to', '192.168.251.24'], /^--to is svc/],
  [[...PATH, '--to', 'fd00::1'], /^--to is svc.*\[ADDRESS\]:PORT for IPv6/],
  [[...PATH, '--to', '192.168.251.24:http'], /^the port of --to is a port from 1 to 65535, not http\.$/],
  [[...PATH, '--to', 'nginx:65536'], /^the port of --to is a port/],
  [[...PATH, '--to', 'svc/default/nginx-svc:0'], /^the port of --to is a port/],
  [[...PATH, '--to', 'deploy/default/nginx:80'], /^--to is svc/],
  [[...PATH, '--to', '10.0.0.1:80', '--via', 'dns'], /^--via says how a Service is addressed/],
  [[...PATH, '--to', '10.0.0.1:80', '--to-node', 'node-1'], /^--to-node belongs to a Service's node port/],
  [[...PATH, ...TO, '--via', 'nodeport'], /^--via is .* Did you mean node-port\?$/],
  [[...PATH, ...TO, '--protocol', 'icmp'], /^--protocol is tcp, udp, sctp, not icmp\./],
  [[...PATH, ...TO, '--iptables-save', 'node-1'], /^--iptables-save is NODE=FILE, not node-1\.$/],
  [[...PATH, ...TO, '--iptables-save', 'node-1=nowhere'], /^--iptables-save nowhere cannot be read/],
  [['probability', '-s', SNAPSHOT, '--to', '10.0.0.1:80'], /^--to is svc\/NAMESPACE\/NAME\[:PORT\], not 10/],
  [['probability', '-s', SNAPSHOT, '--clients', 'node'], /^--clients is nodes.* Did you mean nodes\?$/],
  [['probability', '-s', SNAPSHOT, '--weight', 'node/node-1'], /^--weight is SOURCE=WEIGHT/],
  [
    ['probability', '-s', SNAPSHOT, '--weight', 'node/node-1=half'],
    /is a number, p\/q or a percentage, as 1\/20, 0\.05 or 5%, not half\.$/,
  ],
  [['probability', '-s', SNAPSHOT, '--clients', 'nodes', '--weight', 'node/a=1'], /^--clients and --weight both say/],
  [['serve', '--port', '65536'], /^--port is a port from 0 to 65535, not 65536\.$/],
  [['serve', '--port', 'http'], /^--port is a port/],
  [['serve', '--grpc-port', 'x'], /^--grpc-port is a port/],
];

t.test('wrong arguments are refused with a sentence, exit code 2 and nothing on standard output', async (t) => {
  for (const [args, message] of REFUSED) {
    const { code, stdout, stderr } = await run(args);
    const [first = ''] = stderr.split('\n');
    t.match(first, message, args.join(' '));
    t.same([code, stdout], [2, ''], args.join(' '));
  }
});

t.test('what the contract refuses is reported by its place in the request', async (t) => {
  const { code, stderr } = await run([...PATH, '--to', 'svc/default/nginx-svc', '--max-traces', '0']);
  t.equal(code, 2);
  t.match(stderr, /^The request does not follow the contract.*\n {2}at \/path\/maxTraces\n$/s);
});

t.test('errors are problem documents where JSON is asked for', async (t) => {
  for (const form of [['--json'], ['-o', 'json'], ['--output=json']]) {
    const { code, stdout, stderr } = await run([...PATH, ...TO, ...form, '--max-traces', '0']);
    t.same([code, stdout], [2, '']);
    const document = JSON.parse(stderr);
    t.match(document, { type: 'urn:kube-whatif:problem:INVALID_REQUEST', status: 400, code: 'INVALID_REQUEST' });
    t.match(document.errors, [{ pointer: '/path/maxTraces', in: 'request' }]);
  }
  const usage = JSON.parse((await run(['chains', '--json', '--nod', 'x'])).stderr);
  t.match(usage, { code: 'INVALID_REQUEST', detail: /Did you mean --node\?/ });
});

t.test('no snapshot is an error that shows how to make one', async (t) => {
  for (const stdin of [undefined, '']) {
    const { code, stderr } = await run(['chains'], {
      env: { PATH: '/nowhere' },
      ...(stdin === undefined ? {} : { stdin }),
    });
    t.equal(code, 2);
    t.match(
      stderr,
      /^No snapshot is given.*\n {2}kubectl get nodes,namespaces,pods,services,endpointslices,.* -A -o json/,
    );
  }
});

t.test('README and pages show the way to make a snapshot that errors and help show', async (t) => {
  for (const page of ['README.md', 'docs/ci-bot.md']) t.match(readFileSync(page, 'utf8'), KUBECTL_GET, page);
});

t.test('standard input is read once', async (t) => {
  for (const args of [
    ['--request', '-'],
    ['--request', '-', '-s', '-'],
  ]) {
    const { code, stderr } = await run(['chains', ...args], { stdin: '{}' });
    t.equal(code, 2);
    t.match(stderr, /^Standard input is the request/);
  }
  t.match((await run(['chains', '--request', '-'])).stderr, /^--request - reads standard input, which is a terminal/);
});

t.test('help names every command and option, and wins over mistakes', async (t) => {
  const global = await run(['--help']);
  t.equal(global.code, 0);
  for (const name of COMMAND_NAMES) {
    t.match(global.stdout, new RegExp(`^  ${name} `, 'm'));
    const { code, stdout, stderr } = await run([name, '--wibble', '--help']);
    t.same([code, stderr], [0, '']);
    for (const option of Object.keys(COMMANDS[name].options)) t.match(stdout, new RegExp(`^ .*--${option}\\b`, 'm'));
    t.equal((await run(['help', name])).stdout, stdout);
    for (const example of COMMANDS[name].examples) {
      // As a shell splits it: what is in single quotes is one argument.
      const [, command = '', ...args] = (example.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'|'$/g, ''));
      // The examples' own options must be understood: what fails is the snapshot, which does not exist.
      if (
        !example.startsWith('kubectl ') &&
        !['serve', 'open', 'snapshot', 'diff', 'completion', 'collect'].includes(command ?? '')
      )
        t.match(
          (await run([command, ...args])).stderr,
          /^--(snapshot cluster\.json|request question\.json|filename (?:web|policy)\.yaml|filename manifests\/) cannot be read/,
          example,
        );
    }
  }
});
