/** Every command with its options: what parses them, what helps with them and what suggests them. */
import type { PlainKind } from '../questions/kinds.js';
import { type Command, HELP, QUESTION, SERVER } from './option-groups.js';
import { CHECK, INSPECT, QUESTIONS, REACH, SOLVE, SWEEP, TIMELINE, whatIfOptions } from './question-options.js';

/** Those of check, but for what says what is compared. */
const DIFF = Object.fromEntries(
  Object.entries(CHECK).filter(
    ([name]) => !['snapshot', 'after', 'scale', 'change', 'filename', 'context', 'kubeconfig'].includes(name),
  ),
);

export const COMMANDS: Readonly<
  Record<
    | PlainKind
    | 'what-if'
    | 'sweep'
    | 'batch'
    | 'check'
    | 'inspect'
    | 'apply'
    | 'reach'
    | 'solve'
    | 'timeline'
    | 'snapshot'
    | 'diff'
    | 'completion'
    | 'open'
    | 'collect'
    | 'serve',
    Command
  >
> = {
  ...QUESTIONS,
  'what-if': {
    summary: 'chains, path or probability before and after a change, and the difference',
    usage: 'what-if chains|path|probability',
    options: whatIfOptions(undefined),
    examples: [
      'kube-whatif what-if probability -s cluster.json --to svc/default/web --scale default/web=4',
      'kube-whatif what-if chains -s cluster.json --service default/web -f web.yaml',
      'kube-whatif what-if chains -s cluster.json --node node-1 --scale default/web=4 --format save',
      'kube-whatif what-if path -s cluster.json --from pod/default/client --to svc/default/web:80 --after later.json',
      'kube-whatif what-if -s cluster.json --request question.json',
    ],
  },
  sweep: SWEEP,
  batch: {
    summary: 'several questions about one snapshot, read once, from a request',
    options: QUESTION,
    examples: [
      'kube-whatif batch -s cluster.json --request question.json',
      'kube-whatif batch -s cluster.json --request question.json --scale default/web=4 --output markdown',
    ],
  },
  check: {
    summary: 'does a change hurt anybody? every Service that it touches, through every door',
    options: CHECK,
    examples: [
      'kube-whatif check -s cluster.json -f manifests/ --fail-on warning',
      'kube-whatif check -s cluster.json -f web.yaml --output markdown --ignore CONNECTIONS_LOST',
      'kube-whatif check -s cluster.json --scale default/web=1 --threshold imbalance=3/2 --output sarif',
      'kube-whatif check -s cluster.json --scale default/web=12 --rps 5000 --max-rps 300 --fail-on warning',
      'kube-whatif check -s cluster.json --after later.json --output junit',
    ],
  },
  apply: {
    summary: 'what do these changes make of the objects? each before and after, or why it is refused',
    options: {
      kind: { value: 'KIND', multiple: true, help: 'only objects of this kind; repeatable' },
      ...QUESTION,
    },
    examples: [
      'kube-whatif apply -s cluster.json -f manifests/',
      'kube-whatif apply -s cluster.json --scale default/web=4 --kind Deployment --output markdown',
    ],
  },
  inspect: {
    summary: 'what is wrong with the cluster as it is? every Service, through every door',
    options: INSPECT,
    examples: [
      'kube-whatif inspect -s cluster.json',
      'kube-whatif inspect -s cluster.json --in-namespace shop --fail-on warning',
    ],
  },
  reach: {
    summary: 'who reaches whom? every workload to every Service, or to every workload',
    options: REACH,
    examples: [
      'kube-whatif reach -s cluster.json --in-namespace shop',
      'kube-whatif reach -s cluster.json -f manifests/ --output csv',
      'kube-whatif reach -s cluster.json --to-workloads --in-namespace shop --from-namespace "*"',
    ],
  },
  solve: {
    summary: 'what is the least, the best, the worst? replicas, traffic policy, placement, roll-out',
    options: SOLVE,
    examples: [
      'kube-whatif solve -s cluster.json --workload default/web --rps 5000 --max-rps 300 --without zone',
      'kube-whatif solve -s cluster.json --workload default/web --connections 50 --capacity 6 --max-chance 5%',
      'kube-whatif solve -s cluster.json --find policy --to svc/default/web --rps 5000 --bytes-per-request ' +
        '2000 --cost cross-zone-gigabyte=0.01 --cost imbalance=1',
      'kube-whatif solve -s cluster.json --find placement --workload default/web --policy local --to ' +
        'svc/default/web --via node-port --clients external',
      'kube-whatif solve -s cluster.json --find rollout --workload default/web --rps 5000 --max-rps 300',
    ],
  },
  timeline: {
    summary:
      'what do users live through while it changes? phases, load and loss of a scaling, roll-out, drain or failure',
    options: TIMELINE,
    examples: [
      'kube-whatif timeline -s cluster.json --scale-to default/web=12 --connections 300 --lifetime 60',
      'kube-whatif timeline -s cluster.json --rollout default/web --connections 300 --rps 3000 --max-rps 300',
      'kube-whatif timeline -s cluster.json --zone-fails b --to svc/default/web --rps 5000 --max-rps 300',
      'kube-whatif timeline -s cluster.json --node-drained node-1 --to svc/default/web --via load-balancer ' +
        '--clients load-balancer --output markdown',
    ],
  },
  snapshot: {
    summary: 'keep the cluster of kubectl’s context, or files, as one file, or under a name on a server',
    options: {
      send: { value: 'NAME', help: 'send it to the server under this name, instead of writing a file' },
      force: { help: 'with --send: also if it holds far less than the one before it' },
      expect: {
        value: 'DIGEST|none',
        help: 'with --send: only if the newest snapshot of the name has this digest, or the name has no snapshot yet',
      },
      sender: { value: 'TEXT', help: 'with --send: what the sender is called in the list; default: its address' },
      list: { help: 'list the names that the server has, with their snapshots' },
      delete: { value: 'NAME', help: 'let the server let go of this name and its snapshots' },
      ...SERVER,
      output: { short: 'o', value: 'FILE', help: 'where it goes, gzipped if it ends in .gz; default: standard output' },
      redact: {
        help: 'replace every name by one that says nothing, everywhere alike; leave out what no answer is made from',
      },
      'show-managed-fields': { help: 'with who set which field, which apply --server-side needs' },
      snapshot: {
        short: 's',
        value: 'FILE',
        multiple: true,
        help: 'read these files instead of the cluster; repeatable',
      },
      context: { value: 'NAME', help: "show the cluster of this context of kubectl's" },
      kubeconfig: { value: 'FILE', help: 'read contexts from this file' },
      'request-timeout': { value: 'TIME', help: 'how long kubectl waits, as 30s' },
      json: {
        help: 'with --list, --send and --delete: as JSON; errors are a problem document (RFC 9457), on standard error',
      },
      ...HELP,
    },
    examples: [
      'kube-whatif snapshot -o cluster.json.gz',
      'kube-whatif snapshot --context prod --redact -o redacted.json.gz',
      'kube-whatif snapshot -s cluster.json --redact -o redacted.json',
      'kube-whatif snapshot -s cluster.json --send prod --server http://localhost:8080',
      'kube-whatif snapshot --list --server http://localhost:8080',
    ],
  },
  diff: {
    summary: 'what changed between two snapshots, files or names on a server? check from one to the other',
    usage: 'diff BEFORE AFTER',
    options: DIFF,
    examples: [
      'kube-whatif diff prod@-1 prod --server http://localhost:8080',
      'kube-whatif diff prod@2026-11-28T18:00:00Z prod --fail-on warning --server http://localhost:8080',
      'kube-whatif diff cluster.json later.json --output markdown',
    ],
  },
  completion: {
    summary: 'print completion for a shell: completion bash|zsh|fish',
    usage: 'completion bash|zsh|fish',
    options: HELP,
    examples: ['kube-whatif completion bash'],
  },
  open: {
    summary: 'look at a snapshot, or the cluster of kubectl’s context, in a browser',
    options: {
      snapshot: {
        short: 's',
        value: 'FILE',
        multiple: true,
        help: 'a file of the snapshot; repeatable; - is standard input',
      },
      port: { value: 'PORT', help: 'listen on this port of 127.0.0.1; default: a free one' },
      'no-browser': { help: 'print the address alone' },
      context: { value: 'NAME', help: "of this context of kubectl's" },
      kubeconfig: { value: 'FILE', help: 'by this configuration of kubectl' },
      'request-timeout': { value: 'TIME', help: 'how long kubectl waits, as 30s' },
      ...HELP,
    },
    examples: ['kube-whatif open -s cluster.json', 'kube-whatif open --context prod'],
  },
  collect: {
    summary: 'take snapshots of a cluster every few minutes and send them to a server under a name',
    options: {
      name: { value: 'NAME', help: 'the name that snapshots are sent under, as prod; default: COLLECT_NAME' },
      ...SERVER,
      server: { value: 'URL', help: 'where snapshots are sent; default: KUBE_WHATIF_SERVER' },
      interval: { value: 'SECONDS', help: 'between two snapshots; default: COLLECT_INTERVAL, else 300' },
      once: { help: 'one snapshot alone: exit code 0 if it was accepted, 1 if it was refused, 3 if it failed' },
      kubeconfig: {
        value: 'FILE',
        help: 'read the cluster by this kubeconfig; default: COLLECT_KUBECONFIG, in a pod its service account',
      },
      context: { value: 'NAME', help: 'the context of the kubeconfig; default: COLLECT_CONTEXT, else the current one' },
      sender: {
        value: 'TEXT',
        help: 'what the collector calls itself in the list; default: COLLECT_SENDER, else the host name',
      },
      host: {
        value: 'ADDRESS',
        help: 'where to listen for /healthz, /readyz and /metrics; default: COLLECT_HOST, else 0.0.0.0',
      },
      port: { value: 'PORT', help: 'default: COLLECT_PORT, else 8081; off: nothing listens' },
      rbac: { help: 'print the rights that it needs, as manifests, and end' },
      ...HELP,
    },
    examples: [
      'kube-whatif collect --name prod --server http://kube-whatif:8080',
      'kube-whatif collect --name prod --server http://localhost:8080 --context prod --once',
      'kube-whatif collect --rbac | kubectl apply -f -',
    ],
  },
  serve: {
    summary: 'answer the same questions over HTTP',
    options: {
      host: { value: 'ADDRESS', help: 'where to listen; default: HOST, else 127.0.0.1' },
      port: { value: 'PORT', help: 'default: PORT, else 8080; 0: any free one' },
      'cors-origin': {
        value: 'ORIGIN',
        multiple: true,
        help:
          'let scripts of web pages of this origin ask, as https://grafana.example.com or *; repeatable; ' +
          'default: CORS_ORIGINS',
      },
      'grpc-port': { value: 'PORT', help: 'default: GRPC_PORT, else 9090' },
      ...HELP,
    },
    examples: ['kube-whatif serve --host 0.0.0.0 --port 8080'],
  },
};

export const PLAIN_KINDS = Object.keys(QUESTIONS) as PlainKind[];

export type CommandName = keyof typeof COMMANDS;
export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];
