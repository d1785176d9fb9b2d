/** Every command and option of the command line: what parses them, what helps with them and what suggests them. */
import type { PlainKind } from '../questions/kinds.js';

export interface Option {
  readonly short?: string;
  /** How the value is shown in help; absent: a switch. */
  readonly value?: string;
  readonly multiple?: boolean;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface Command {
  readonly summary: string;
  readonly options: Options;
  readonly examples: readonly string[];
  /** How it is called, where that is more than its name. */
  readonly usage?: string;
}

const HELP: Options = { help: { short: 'h', help: 'print this help' } };

const QUESTION: Options = {
  snapshot: {
    short: 's',
    value: 'FILE',
    multiple: true,
    help: 'what kubectl printed, JSON or YAML, also gzipped; repeatable; -: standard input; without any: the cluster of kubectl’s context',
  },
  request: {
    value: 'FILE|-',
    help: 'the request as JSON, as the REST service takes it; options win over what it says',
  },
  at: { value: 'TIME', help: 'the moment of the question, RFC 3339; default: the newest timestamp in the snapshot' },
  settings: { value: 'FILE|JSON', help: 'what the snapshot does not tell: the "settings" of a request' },
  'kubernetes-version': { value: 'VERSION', help: 'whose kube-proxy, as 1.30 or 1.30.5' },
  mode: { value: 'MODE', help: 'iptables, nftables or ipvs' },
  'load-balancer': {
    value: 'NAME[,OPTION=VALUE…]',
    help: 'who balances Services of type LoadBalancer, as gke-internal-passthrough,subsetting=true; several values of an option with + between; default: what the snapshot shows',
  },
  scale: {
    value: 'WORKLOAD=REPLICAS',
    multiple: true,
    help: 'first scale [KIND/]NAMESPACE/NAME; KIND is deployment (default), replicaset or statefulset; repeatable',
  },
  change: {
    value: 'JSON|FILE',
    multiple: true,
    help: 'first make this change, as in the "changes" of a request; repeatable, in the order given',
  },
  filename: {
    short: 'f',
    value: 'FILE|DIR|-',
    multiple: true,
    help: 'first apply these manifests, as kubectl apply does: YAML or JSON, also gzipped, the files of a folder, - for standard input; repeatable, all applied together',
  },
  'server-side': {
    help: 'with -f: as kubectl apply --server-side; needs managed fields (kubectl get --show-managed-fields)',
  },
  'force-conflicts': { help: 'with --server-side: take fields from other managers' },
  prune: { help: 'with -f and -l: delete what was applied before and is in no manifest, as kubectl apply --prune' },
  selector: { short: 'l', value: 'SELECTOR', help: 'with --prune: of these labels, as app=shop,tier in (web,api)' },
  'prune-allowlist': {
    value: 'GROUP/VERSION/KIND',
    multiple: true,
    help: "with --prune: only these kinds, as core/v1/Service; default: kubectl's list; repeatable",
  },
  'stdin-name': {
    value: 'FILE',
    help: 'with -f -: what reports call standard input, as the folder or chart that it was made of; documents that Helm or kustomize mark with their file are at that file anyway',
  },
  namespace: {
    short: 'n',
    value: 'NAMESPACE',
    help: "of names and manifests that have none; inspect and reach without manifests ask about this namespace alone; default: that of kubectl's context where the cluster is read by it, else default",
  },
  context: { value: 'NAME', help: "without -s: of this context of kubectl's" },
  kubeconfig: { value: 'FILE', help: 'without -s: by this configuration of kubectl' },
  'request-timeout': { value: 'TIME', help: 'without -s: how long kubectl waits, as 30s' },
  drain: { value: 'NODE', multiple: true, help: 'first drain this node; repeatable' },
  fail: { value: 'NODE', multiple: true, help: 'first let this node fail; repeatable' },
  'fail-zone': { value: 'ZONE', multiple: true, help: 'first let this zone fail; repeatable' },
  local: { help: 'first give the Service of --to externalTrafficPolicy Local' },
  type: { value: 'TYPE', help: 'first give the Service of --to this type: ClusterIP, NodePort or LoadBalancer' },
  delete: {
    value: 'KIND/NAME',
    multiple: true,
    help: 'first delete this object, KIND/NAMESPACE/NAME or KIND/NAME; repeatable',
  },
  threshold: {
    value: 'NAME=VALUE',
    multiple: true,
    help: 'from where on something is a finding, an integer or p/q: imbalance, crossZoneShare, droppedShare, rejectedShare, unreachableShare, unknownShare or lostConnections; repeatable',
  },
  ignore: {
    value: 'CODE[@NAMESPACE/NAME]',
    multiple: true,
    help: 'leave findings of this code out, or those of one Service; repeatable',
  },
  output: { short: 'o', value: 'FORM', help: 'text (default), markdown, json, rows (flat JSON) or csv' },
  all: { help: 'as text: show every outcome, endpoint, row and finding, and what followed from changes' },
  assumptions: { help: 'as text: show what the answer assumes, each with its reason' },
  width: { value: 'COLUMNS', help: "as text: how wide lines may be; default: the terminal's width, else 80" },
  server: {
    value: 'URL',
    help: 'ask this kube-whatif server; a snapshot is sent to it only once; default: KUBE_WHATIF_SERVER, else answer here',
  },
  token: { value: 'TOKEN', help: 'what the server knows you by; default: KUBE_WHATIF_TOKEN, which others do not see' },
  'token-file': { value: 'FILE', help: 'the same, from a file' },
  ca: {
    value: 'FILE',
    help: 'authorities, PEM, that the server may have its certificate from; default: the well-known ones',
  },
  cert: { value: 'FILE', help: 'the certificate, PEM, to show to the server' },
  key: { value: 'FILE', help: "the certificate's private key, PEM" },
  json: { help: 'the same as --output json; errors are then a problem document (RFC 9457), on standard error' },
  ...HELP,
};

const FAMILY = '4, 6, IPv4 or IPv6';

const PHASE: Option = {
  value: 'PHASE',
  help: 'where the health checks of load balancers stand: after (default) they have found the changes, or before',
};

/** How much is sent, and what a pod takes. */
const TRAFFIC: Options = {
  rps: { value: 'RATE', help: 'requests per second of all clients: the load of each pod, node and zone' },
  connections: { value: 'N', help: 'open connections: how uneven they are over the pods, with percentiles' },
  'connections-per-second': { value: 'RATE', help: 'new connections per second, with --lifetime' },
  'requests-per-connection': { value: 'N', help: 'requests that a connection carries before it ends' },
  lifetime: { value: 'SECONDS', help: 'how long a connection lasts in the mean' },
  'client-count': {
    value: 'N',
    help: 'clients of equal rates, where session affinity or a hash keeps each on its pod',
  },
  'clients-behind-nat': { value: 'N', help: 'so many of them share one address, and go to one pod together' },
  'max-rps': { value: 'RATE', help: 'requests per second that one pod takes' },
  capacity: {
    value: 'N',
    help: 'what one pod takes: connections where --connections is given, else requests per second',
  },
  'cpu-per-request': {
    value: 'MS',
    help: 'CPU milliseconds of one request: a pod takes as many as fit into the CPU that it requests',
  },
  'max-chance': {
    value: 'P',
    help: 'the chance of a pod over its capacity that is put up with, as 0.01, 1/100 or 1%; default 1%',
  },
  'bytes-per-request': { value: 'BYTES', help: 'for the bytes that cross zones' },
  'price-per-gigabyte': { value: 'PRICE', help: 'of traffic between zones' },
  'traffic-from': {
    value: 'SOURCE=RATE',
    multiple: true,
    help: 'requests per second (with --connections-from: connections) from one source, as --from of path takes it, or zone/ZONE; repeatable; in place of --rps and --clients',
  },
  'connections-from': { value: 'SOURCE=N', multiple: true, help: 'the same in open connections; repeatable' },
};

/** The same where each door has its own clients. */
const DOOR_TRAFFIC: Options = Object.fromEntries(Object.entries(TRAFFIC).filter(([name]) => !name.endsWith('-from')));
/** What nodes really carry. */
const NODE_RULES = {
  'iptables-save': {
    value: 'NODE=FILE',
    multiple: true,
    help: "walk the rules in this file, a node's own iptables-save, instead of kube-proxy's; repeatable",
  },
  'nft-list': {
    value: 'NODE=FILE',
    multiple: true,
    help: "walk this file, the node's nft list ruleset (or nft -j), instead of what kube-proxy would write; repeatable",
  },
  'ipset-save': {
    value: 'NODE=FILE',
    multiple: true,
    help: "decide matches of sets by this file, the node's ipset save; repeatable",
  },
  'ipvsadm-save': {
    value: 'NODE=FILE',
    multiple: true,
    help: "with iptables-save: the node's ipvsadm -S -n or ipvsadm -Ln; repeatable",
  },
} as const;

const QUESTIONS: Readonly<Record<PlainKind, Command>> = {
  chains: {
    summary: 'the rules that a node carries, byte for byte',
    options: {
      node: { value: 'NODE', multiple: true, help: 'whose rules; repeatable; default: every node' },
      family: { value: 'FAMILY', multiple: true, help: `${FAMILY}; repeatable; default: every family of the cluster` },
      service: { value: 'NAMESPACE/NAME', multiple: true, help: "only this Service's rules; repeatable" },
      format: {
        value: 'FORMAT',
        help: 'restore (default): what kube-proxy writes; save: what iptables-save or nft list shows; list: one rule a line; rules: data; transaction: what nft -f is given',
      },
      flavour: { value: 'FLAVOUR', help: 'for save: nft (default) or legacy' },
      chain: { value: 'NAME', multiple: true, help: 'for save, list and rules: only this chain; repeatable' },
      'max-bytes': { value: 'BYTES', help: 'refuse a larger answer' },
      ...QUESTION,
    },
    examples: [
      'kube-whatif chains -s cluster.json --node node-1 --family 4',
      'kube-whatif chains -s cluster.json --node node-1 --service default/web --format save',
      'kube-whatif chains -s cluster.json --scale default/web=4 --node node-1 --chain KUBE-SERVICES --format list',
    ],
  },
  path: {
    summary: 'the way of a packet, hop by hop, and of its reply',
    options: {
      from: {
        value: 'SOURCE',
        help: 'pod/NAMESPACE/NAME, KIND/NAMESPACE/NAME (a workload), node/NODE (a process of the host), pod-on/NODE (any pod there), external[/ADDRESS][@NODE] (without NODE through a load balancer) or health-check/NAMESPACE/NAME[@NODE] (the probes of its load balancer; without --to)',
      },
      to: {
        value: 'DESTINATION',
        help: 'svc/NAMESPACE/NAME[:PORT], pod/NAMESPACE/NAME:PORT, ADDRESS:PORT or HOST:PORT; a Service port by number or name',
      },
      via: {
        value: 'WAY',
        help: 'how a Service is addressed: cluster-ip (default), node-port, external-ip, load-balancer or dns',
      },
      'to-node': { value: 'NODE', help: 'for node-port: the node whose address is used' },
      protocol: { value: 'PROTOCOL', help: "tcp, udp or sctp; default: the Service port's" },
      family: { value: 'FAMILY', help: FAMILY },
      rules: { help: 'as text: show every rule that the packet meets, verbatim' },
      trace: { value: 'N', help: 'as text: show the way of outcome N, from 1' },
      phase: PHASE,
      'returning-to': { value: 'ADDRESS:PORT', help: 'the endpoint that session affinity remembers of this client' },
      'max-traces': { value: 'N', help: 'tell at most so many traces, 1 to 1000; default 100' },
      'group-by': { value: 'WHAT', help: 'none (default), endpoint, node or verdict: tell such traces as one' },
      ...NODE_RULES,
      ...QUESTION,
    },
    examples: [
      'kube-whatif path -s cluster.json --from pod/default/client --to svc/default/web:80',
      'kube-whatif path -s cluster.json --from external@node-1 --to svc/default/web:http --via node-port',
      'kube-whatif path -s cluster.json --from external/203.0.113.7 --to svc/default/web:80 --via load-balancer',
      'kube-whatif path -s cluster.json --from health-check/default/web',
      'kube-whatif path -s cluster.json --from node/node-1 --to 10.96.0.10:53 --protocol udp',
    ],
  },
  probability: {
    summary: 'how likely each endpoint is to get a new connection, exactly',
    options: {
      to: {
        value: 'SERVICE',
        multiple: true,
        help: 'svc/NAMESPACE/NAME[:PORT]; repeatable; default: every port of every Service',
      },
      via: {
        value: 'WAY',
        help: 'how the Services are addressed: cluster-ip (default), node-port, external-ip, load-balancer or dns',
      },
      'to-node': { value: 'NODE', help: 'for node-port: the node whose address is used' },
      ...TRAFFIC,
      clients: {
        value: 'CLIENTS',
        help: 'nodes[@NODE,…] (a pod on each, the default), hosts[@NODE,…] (a process of each), KIND/NAMESPACE/NAME, pod/NAMESPACE/NAME, external[/ADDRESS][@NODE,…] or load-balancer[/ADDRESS]',
      },
      values: { help: 'as text: show decimal and programmed values beside the exact shares' },
      phase: PHASE,
      weight: {
        value: 'SOURCE=WEIGHT',
        multiple: true,
        help: 'a SOURCE as --from of path takes it, and its share of new connections, an integer or p/q; repeatable',
      },
      protocol: { value: 'PROTOCOL', help: 'tcp, udp or sctp' },
      family: { value: 'FAMILY', multiple: true, help: `${FAMILY}; repeatable` },
      ...NODE_RULES,
      ...QUESTION,
    },
    examples: [
      'kube-whatif probability -s cluster.json --to svc/default/web',
      'kube-whatif probability -s cluster.json --to svc/default/web:80 --scale default/web=4',
      'kube-whatif probability -s cluster.json --to svc/default/web --via load-balancer --clients external@node-1,node-2',
      'kube-whatif probability -s cluster.json --to svc/default/web --clients load-balancer --phase before',
      'kube-whatif probability -s cluster.json --weight pod/default/a=2 --weight node/node-1=1/2',
    ],
  },
};

const PROBABILITY = QUESTIONS.probability.options;

/** The options of probability that say whose shares these are, and who the clients. */
const SHARES: Options = Object.fromEntries(
  ['via', 'to-node', 'clients', 'weight', 'protocol', 'family'].map((name) => [name, PROBABILITY[name] as Option]),
);

const SWEEP: Command = {
  summary: 'shares over a range of replicas, and the smallest number that keeps a bound',
  options: {
    workload: {
      value: 'WORKLOAD',
      help: '[KIND/]NAMESPACE/NAME; KIND is deployment (default), replicaset or statefulset',
    },
    replicas: { value: 'RANGE', help: 'FROM..TO, FROM..TO/STEP or N,N,…' },
    to: {
      value: 'SERVICE',
      multiple: true,
      help: "svc/NAMESPACE/NAME[:PORT]; repeatable; default: every port of the Services that select the workload's pods",
    },
    ...SHARES,
    ...TRAFFIC,
    'largest-share': { value: 'P/Q', help: 'look for the smallest number of replicas where no endpoint gets more' },
    'largest-node-share': { value: 'P/Q', help: 'and no node more than this' },
    'largest-zone-share': { value: 'P/Q', help: 'and no zone more than this' },
    imbalance: { value: 'P/Q', help: 'and the largest share is at most so many times the even one' },
    delivered: { value: 'P/Q', help: 'and at least this is delivered; default: more than nothing' },
    'over-capacity': {
      value: 'P/Q',
      help: 'and the chance of a pod over its capacity is at most this; default where a capacity is given: --max-chance',
    },
    'change-after': {
      value: 'JSON|FILE',
      multiple: true,
      help: 'make this change at every point, after the scaling, as {"zone": {"name": "b", "action": "FAIL"}}; repeatable, in the order given',
    },
    values: { help: 'as text: show decimal values beside the exact shares' },
    detail: { value: 'DETAIL', help: 'summary (default) or endpoints: list every endpoint of every point' },
    ...QUESTION,
  },
  examples: [
    'kube-whatif sweep -s cluster.json --workload default/web --replicas 3..300 --largest-share 1/20',
    'kube-whatif sweep -s cluster.json --workload default/web --replicas 3..60 --largest-share 1/20 --change-after \'{"zone":{"name":"b","action":"FAIL"}}\'',
    'kube-whatif sweep -s cluster.json --workload default/web --replicas 3..60 --rps 5000 --max-rps 300 --connections 50',
    'kube-whatif sweep -s cluster.json --workload statefulset/default/db --replicas 1,3,5 --to svc/default/db --output markdown',
  ],
};

const AFTER: Options = {
  after: {
    value: 'FILE',
    multiple: true,
    help: 'compare with this second snapshot, instead of with what --scale, --change and --filename make of the first; repeatable',
  },
};

/** The options of `what-if chains|path|probability`, or of what-if alone, whose question stands in --request. */
export function whatIfOptions(question: PlainKind | undefined): Options {
  return { ...AFTER, ...(question === undefined ? QUESTION : QUESTIONS[question].options) };
}

const CHECK: Options = {
  'fail-on': {
    value: 'SEVERITY',
    help: 'exit with 1 when a finding is at least as grave: info, warning, error (default) or never',
  },
  service: { value: 'NAMESPACE/NAME', multiple: true, help: 'only this Service, if it is touched; repeatable' },
  clients: { value: 'CLIENTS', multiple: true, help: 'only these clients: pods, hosts or outside; repeatable' },
  via: {
    value: 'WAY',
    multiple: true,
    help: 'only these doors: cluster-ip, node-port, external-ip, load-balancer or dns; repeatable',
  },
  family: { value: 'FAMILY', multiple: true, help: `${FAMILY}; repeatable` },
  'max-services': { value: 'N', help: 'ask about at most so many touched Services; default 200' },
  ...DOOR_TRAFFIC,
  ...AFTER,
  ...QUESTION,
  output: { short: 'o', value: 'FORM', help: 'text (default), markdown, json, junit or sarif' },
  ...HELP,
};

const INSPECT: Options = {
  'fail-on': CHECK['fail-on'] as Option,
  service: { value: 'NAMESPACE/NAME', multiple: true, help: 'only this Service; repeatable' },
  'in-namespace': { value: 'NAMESPACE', multiple: true, help: 'only the Services of this namespace; repeatable' },
  'max-services': { value: 'N', help: 'ask about at most so many Services; default 1000' },
  ...DOOR_TRAFFIC,
  list: {
    value: 'WHAT',
    multiple: true,
    help: 'list what is there beside the findings: services (each in few numbers) or objects (by name, with -o json); repeatable',
  },
  ...QUESTION,
};

const REACH: Options = {
  'in-namespace': {
    value: 'NAMESPACE',
    multiple: true,
    help: 'only the workloads and Services of this namespace; repeatable',
  },
  'from-namespace': {
    value: 'NAMESPACE',
    multiple: true,
    help: 'the workloads that connect are of this namespace instead, * for all; repeatable',
  },
  service: { value: 'NAMESPACE/NAME', multiple: true, help: 'only this Service; repeatable' },
  'to-workloads': { help: 'to the pods of workloads instead of Services, at the ports that they declare' },
  port: {
    value: 'PORT',
    help: 'with --to-workloads: at this port, as 8080 or 53/UDP, instead of those that they declare',
  },
  family: { value: 'FAMILY', multiple: true, help: `${FAMILY}; repeatable` },
  'max-pairs': { value: 'N', help: 'answer at most so many pairs; default 40000' },
  ...QUESTION,
};

const POLICY_WORDS = 'cluster, local, prefer-same-zone, prefer-same-node or topology-auto';

const SOLVE: Options = {
  find: {
    value: 'WHAT',
    multiple: true,
    help: 'replicas (default), policy, placement or rollout; repeatable',
  },
  workload: {
    value: 'WORKLOAD',
    help: '[KIND/]NAMESPACE/NAME; KIND is deployment (default), replicaset or statefulset',
  },
  to: {
    value: 'SERVICE',
    multiple: true,
    help: "svc/NAMESPACE/NAME[:PORT]; repeatable; default: every port of the Services that select the workload's pods",
  },
  ...SHARES,
  ...TRAFFIC,
  without: {
    value: 'WHAT',
    multiple: true,
    help: 'replicas: also without any one zone, any one node, or in a rollout; repeatable',
  },
  most: { value: 'N', help: 'replicas: try at most so many; default 5000' },
  candidate: { value: 'POLICY', multiple: true, help: `policy: only ${POLICY_WORDS}; repeatable; default: all` },
  cost: {
    value: 'NAME=PRICE',
    multiple: true,
    help: 'policy: the price of imbalance, cross-zone-share, cross-zone-gigabyte or client-address-lost; repeatable',
  },
  policy: { value: 'POLICY', help: `placement: under ${POLICY_WORDS}; default: as the Service is` },
  replicas: { value: 'N', help: 'placement: of so many pods; default: those that the workload has' },
  'max-surge': { value: 'N|P%', help: "rollout: with this maxSurge; default: the workload's own" },
  ...QUESTION,
};

const TIMELINE: Options = {
  'scale-to': { value: 'WORKLOAD=REPLICAS', help: 'what happens: [KIND/]NAMESPACE/NAME is scaled' },
  rollout: { value: 'WORKLOAD', help: 'what happens: [KIND/]NAMESPACE/NAME is rolled out' },
  'max-surge': { value: 'N|P%', help: "rollout: with this maxSurge; default: the workload's own" },
  'max-unavailable': { value: 'N|P%', help: "rollout: with this maxUnavailable; default: the workload's own" },
  'node-fails': { value: 'NODE', help: 'what happens: this node is down' },
  'node-drained': { value: 'NODE', help: 'what happens: this node is drained' },
  'zone-fails': { value: 'ZONE', help: 'what happens: this zone is down' },
  happens: { value: 'JSON|FILE', help: 'what happens: one change, written as an entry of "changes" in a request' },
  to: {
    value: 'SERVICE',
    multiple: true,
    help: 'svc/NAMESPACE/NAME[:PORT]; repeatable; default: every port of the Services that select the pods of the workload',
  },
  ...SHARES,
  ...TRAFFIC,
  'lifetime-law': {
    value: 'LAW',
    help: 'how connections last: forever (default without --lifetime), exponential (default with it), fixed or uniform; the mean is --lifetime',
  },
  jitter: { value: 'P', help: 'uniform: lifetimes from 1 - P to 1 + P times the mean' },
  time: {
    value: 'NAME=SECONDS',
    multiple: true,
    help: 'what the snapshot does not tell: ready, rules, detect, evict, balancer, pre-stop or grace; repeatable',
  },
  within: { value: 'P', help: 'load is even when the hottest pod is at most so much above the even load; default 10%' },
  ...QUESTION,
};

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
    | 'completion'
    | 'open'
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
      'kube-whatif solve -s cluster.json --find policy --to svc/default/web --rps 5000 --bytes-per-request 2000 --cost cross-zone-gigabyte=0.01 --cost imbalance=1',
      'kube-whatif solve -s cluster.json --find placement --workload default/web --policy local --to svc/default/web --via node-port --clients external',
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
      'kube-whatif timeline -s cluster.json --node-drained node-1 --to svc/default/web --via load-balancer --clients load-balancer --output markdown',
    ],
  },
  snapshot: {
    summary: 'keep the cluster of kubectl’s context, or files, as one file',
    options: {
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
      json: { help: 'errors are a problem document (RFC 9457), on standard error' },
      ...HELP,
    },
    examples: [
      'kube-whatif snapshot -o cluster.json.gz',
      'kube-whatif snapshot --context prod --redact -o redacted.json.gz',
      'kube-whatif snapshot -s cluster.json --redact -o redacted.json',
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
  serve: {
    summary: 'answer the same questions over HTTP',
    options: {
      host: { value: 'ADDRESS', help: 'where to listen; default: HOST, else 127.0.0.1' },
      port: { value: 'PORT', help: 'default: PORT, else 8080; 0: any free one' },
      'cors-origin': {
        value: 'ORIGIN',
        multiple: true,
        help: 'let scripts of web pages of this origin ask, as https://grafana.example.com or *; repeatable; default: CORS_ORIGINS',
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
