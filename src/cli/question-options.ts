/** The options of each question. */
import type { PlainKind } from '../questions/kinds.js';
import {
  type Command,
  DOOR_TRAFFIC,
  FAMILY,
  HELP,
  NODE_RULES,
  type Option,
  type Options,
  PHASE,
  QUESTION,
  TRAFFIC,
} from './option-groups.js';

export const QUESTIONS: Readonly<Record<PlainKind, Command>> = {
  chains: {
    summary: 'the rules that a node carries, byte for byte',
    options: {
      node: { value: 'NODE', multiple: true, help: 'whose rules; repeatable; default: every node' },
      family: { value: 'FAMILY', multiple: true, help: `${FAMILY}; repeatable; default: every family of the cluster` },
      service: { value: 'NAMESPACE/NAME', multiple: true, help: "only this Service's rules; repeatable" },
      format: {
        value: 'FORMAT',
        help:
          'restore (default): what kube-proxy writes; save: what iptables-save or nft list shows; list: one ' +
          'rule a line; rules: data; transaction: what nft -f is given',
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
        help:
          'pod/NAMESPACE/NAME, KIND/NAMESPACE/NAME (a workload), node/NODE (a process of the host), ' +
          'pod-on/NODE (any pod there), external[/ADDRESS][@NODE] (without NODE through a load balancer) or ' +
          'health-check/NAMESPACE/NAME[@NODE] (the probes of its load balancer; without --to)',
      },
      to: {
        value: 'DESTINATION',
        help:
          'svc/NAMESPACE/NAME[:PORT], pod/NAMESPACE/NAME:PORT, ADDRESS:PORT or HOST:PORT; a Service port by ' +
          'number or name',
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
        help:
          'nodes[@NODE,…] (a pod on each, the default), hosts[@NODE,…] (a process of each), ' +
          'KIND/NAMESPACE/NAME, pod/NAMESPACE/NAME, external[/ADDRESS][@NODE,…] or load-balancer[/ADDRESS]',
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
      'kube-whatif probability -s cluster.json --to svc/default/web --via load-balancer --clients ' +
        'external@node-1,node-2',
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

export const SWEEP: Command = {
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
      help:
        "svc/NAMESPACE/NAME[:PORT]; repeatable; default: every port of the Services that select the workload's " +
        'pods',
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
      help:
        'and the chance of a pod over its capacity is at most this; default where a capacity is given: ' +
        '--max-chance',
    },
    'change-after': {
      value: 'JSON|FILE',
      multiple: true,
      help:
        'make this change at every point, after the scaling, as {"zone": {"name": "b", "action": "FAIL"}}; ' +
        'repeatable, in the order given',
    },
    values: { help: 'as text: show decimal values beside the exact shares' },
    detail: { value: 'DETAIL', help: 'summary (default) or endpoints: list every endpoint of every point' },
    ...QUESTION,
  },
  examples: [
    'kube-whatif sweep -s cluster.json --workload default/web --replicas 3..300 --largest-share 1/20',
    'kube-whatif sweep -s cluster.json --workload default/web --replicas 3..60 --largest-share 1/20 ' +
      '--change-after \'{"zone":{"name":"b","action":"FAIL"}}\'',
    'kube-whatif sweep -s cluster.json --workload default/web --replicas 3..60 --rps 5000 --max-rps 300 ' +
      '--connections 50',
    'kube-whatif sweep -s cluster.json --workload statefulset/default/db --replicas 1,3,5 --to ' +
      'svc/default/db --output markdown',
  ],
};

const AFTER: Options = {
  after: {
    value: 'FILE|@NAME',
    multiple: true,
    help:
      'compare with this second snapshot (files, or a name that the server has), instead of with what --scale, ' +
      '--change and --filename make of the first; repeatable',
  },
};

/** The options of `what-if chains|path|probability`, or of what-if alone, whose question is in --request. */
export function whatIfOptions(question: PlainKind | undefined): Options {
  return { ...AFTER, ...(question === undefined ? QUESTION : QUESTIONS[question].options) };
}

export const CHECK: Options = {
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

export const INSPECT: Options = {
  'fail-on': CHECK['fail-on'] as Option,
  service: { value: 'NAMESPACE/NAME', multiple: true, help: 'only this Service; repeatable' },
  'in-namespace': { value: 'NAMESPACE', multiple: true, help: 'only the Services of this namespace; repeatable' },
  'max-services': { value: 'N', help: 'ask about at most so many Services; default 1000' },
  ...DOOR_TRAFFIC,
  list: {
    value: 'WHAT',
    multiple: true,
    help:
      'list what is there beside the findings: services (each in few numbers) or objects (by name, with -o ' +
      'json); repeatable',
  },
  ...QUESTION,
};

export const REACH: Options = {
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
  'max-pairs': { value: 'N', help: 'answer at most so many pairs, but those of one target; default 40000' },
  ...QUESTION,
};

const POLICY_WORDS = 'cluster, local, prefer-same-zone, prefer-same-node or topology-auto';

export const SOLVE: Options = {
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

export const TIMELINE: Options = {
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
    help:
      'svc/NAMESPACE/NAME[:PORT]; repeatable; default: every port of the Services that select the pods of the ' +
      'workload',
  },
  ...SHARES,
  ...TRAFFIC,
  'lifetime-law': {
    value: 'LAW',
    help:
      'how connections last: forever (default without --lifetime), exponential (default with it), fixed or ' +
      'uniform; the mean is --lifetime',
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
