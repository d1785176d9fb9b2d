/** What an option and a command are, and the options that several commands have. */

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

export const HELP: Options = { help: { short: 'h', help: 'print this help' } };

/** Who answers, and what it knows the client by. */
export const SERVER: Options = {
  server: {
    value: 'URL',
    help:
      'ask this kube-whatif server; a snapshot is sent to it only once; default: KUBE_WHATIF_SERVER, else ' +
      'answer here',
  },
  token: { value: 'TOKEN', help: 'what the server knows you by; default: KUBE_WHATIF_TOKEN, which others do not see' },
  'token-file': { value: 'FILE', help: 'the same, from a file' },
  ca: {
    value: 'FILE',
    help: 'authorities, PEM, that the server may have its certificate from; default: the well-known ones',
  },
  cert: { value: 'FILE', help: 'the certificate, PEM, to show to the server' },
  key: { value: 'FILE', help: "the certificate's private key, PEM" },
};

export const QUESTION: Options = {
  snapshot: {
    short: 's',
    value: 'FILE|@NAME',
    multiple: true,
    help:
      'what kubectl printed, JSON or YAML, also gzipped; repeatable; -: standard input; @NAME, @NAME@-1 or ' +
      '@NAME@TIME: a snapshot that the server has under a name; without any: the cluster of kubectl’s context',
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
    help:
      'who balances Services of type LoadBalancer, as gke-internal-passthrough,subsetting=true; several values ' +
      'of an option with + between; default: what the snapshot shows',
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
    help:
      'first apply these manifests, as kubectl apply does: YAML or JSON, also gzipped, the files of a folder, ' +
      '- for standard input; repeatable, all applied together',
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
    help:
      'with -f -: what reports call standard input, as the folder or chart that it was made of; documents that ' +
      'Helm or kustomize mark with their file are at that file anyway',
  },
  namespace: {
    short: 'n',
    value: 'NAMESPACE',
    help:
      'of names and manifests that have none; inspect and reach without manifests ask about this namespace ' +
      "alone; default: that of kubectl's context where the cluster is read by it, else default",
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
    help:
      'from where on something is a finding, an integer or p/q: imbalance, crossZoneShare, droppedShare, ' +
      'rejectedShare, unreachableShare, unknownShare or lostConnections; repeatable',
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
  ...SERVER,
  json: { help: 'the same as --output json; errors are then a problem document (RFC 9457), on standard error' },
  ...HELP,
};

export const FAMILY = '4, 6, IPv4 or IPv6';

export const PHASE: Option = {
  value: 'PHASE',
  help: 'how far the health checks of load balancers are: after (default) they have found the changes, or before',
};

/** How much is sent, and what a pod takes. */
export const TRAFFIC: Options = {
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
    help:
      'requests per second (with --connections-from: connections) from one source, as --from of path takes it, ' +
      'or zone/ZONE; repeatable; in place of --rps and --clients',
  },
  'connections-from': { value: 'SOURCE=N', multiple: true, help: 'the same in open connections; repeatable' },
};

/** The same where each door has its own clients. */
export const DOOR_TRAFFIC: Options = Object.fromEntries(
  Object.entries(TRAFFIC).filter(([name]) => !name.endsWith('-from')),
);
/** What nodes really carry. */
export const NODE_RULES = {
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
