import { isIP } from 'node:net';
import { didYouMeanOption } from '../base/did-you-mean.js';
import type {
  Clients,
  Destination,
  ScaleChange,
  ServiceDestination,
  Source,
  Via,
  WeightedSource,
  WorkloadRef,
} from '../contract/requests.js';
import { oneOf, readFraction, readPair, readPort, readWhole } from './read-values.js';
import { UsageError } from './usage-error.js';

const VIAS: readonly Via[] = ['CLUSTER_IP', 'NODE_PORT', 'EXTERNAL_IP', 'LOAD_BALANCER', 'DNS'];

/** Kinds as kubectl spells them, singular, plural and short. */
const KINDS: Readonly<Record<string, WorkloadRef['kind']>> = {
  deployment: 'Deployment',
  deployments: 'Deployment',
  deploy: 'Deployment',
  replicaset: 'ReplicaSet',
  replicasets: 'ReplicaSet',
  rs: 'ReplicaSet',
  statefulset: 'StatefulSet',
  statefulsets: 'StatefulSet',
  sts: 'StatefulSet',
  daemonset: 'DaemonSet',
  daemonsets: 'DaemonSet',
  ds: 'DaemonSet',
};

function kindOf(text: string): WorkloadRef['kind'] | undefined {
  return Object.hasOwn(KINDS, text.toLowerCase()) ? KINDS[text.toLowerCase()] : undefined;
}

const SOURCE_SHAPE =
  'pod/NAMESPACE/NAME, deployment/NAMESPACE/NAME, node/NODE, pod-on/NODE, external[/ADDRESS][@NODE] or ' +
  'health-check/NAMESPACE/NAME[@NODE]';
const SOURCE_WORDS = [
  'pod',
  'workload',
  'node',
  'pod-on',
  'external',
  'health-check',
  'deployment',
  'statefulset',
  'daemonset',
  'replicaset',
];

function wrongSource(option: string, text: string, words: readonly string[], shape: string): UsageError {
  return new UsageError(`${option} is ${shape}, not ${text}.${didYouMeanOption(text.split('/')[0] ?? '', words)}`);
}

function readExternal(text: string): { address: string | undefined; nodes: string[] } | undefined {
  const match = /^external(?:\/([^@/]*))?(?:@(.*))?$/.exec(text);
  if (match === null || match[1] === '' || match[2] === '') return undefined;
  // An IPv6 address may be in brackets, as it does before a port.
  return { address: match[1]?.replace(/^\[(.*)\]$/, '$1'), nodes: match[2]?.split(',') ?? [] };
}

function workload(
  kind: string | undefined,
  namespace: string | undefined,
  name: string | undefined,
): WorkloadRef | undefined {
  const known = kindOf(kind ?? '');
  return known !== undefined && namespace && name ? { kind: known, namespace, name } : undefined;
}

function readWorkload(words: readonly string[]): WorkloadRef | undefined {
  const [first, ...rest] = words[0] === 'workload' ? words.slice(1) : words;
  return rest.length === 2 ? workload(first, rest[0], rest[1]) : undefined;
}

/** Reads a source as `--from` takes it. */
export function readSource(option: string, text: string): Source {
  const external = readExternal(text);
  if (external !== undefined && external.nodes.length <= 1) {
    const [entersAt] = external.nodes;
    return {
      external: {
        ...(external.address === undefined ? {} : { address: external.address }),
        ...(entersAt === undefined ? {} : { entersAt }),
      },
    };
  }
  const words = text.split('/');
  const [kind, first, second] = words;
  if (kind === 'pod' && words.length === 3 && first && second) return { pod: `${first}/${second}` };
  if (kind === 'node' && words.length === 2 && first) return { node: first };
  if (kind === 'pod-on' && words.length === 2 && first) return { podOn: first };
  const probed = /^health-check\/([^/@]+)\/([^/@]+)(?:@(.+))?$/.exec(text);
  if (probed !== null) {
    const [, namespace = '', name = '', on] = probed;
    return { healthCheck: { service: { namespace, name }, ...(on === undefined ? {} : { node: on }) } };
  }
  const named = readWorkload(words);
  if (named !== undefined) return { workload: named };
  throw wrongSource(option, text, SOURCE_WORDS, SOURCE_SHAPE);
}

const SERVICE_SHAPE = 'svc/NAMESPACE/NAME[:PORT]';
const SERVICE_WORDS = ['svc', 'service', 'services'];

function readService(text: string): ServiceDestination | undefined {
  const match = /^(?:svc|services?)\/([^/:]+)\/([^/:]+)(?::([^/:]+))?$/.exec(text);
  if (match === null) return undefined;
  const [, namespace = '', name = '', port] = match;
  if (port === undefined) return { namespace, name };
  return /^\d+$/.test(port)
    ? { namespace, name, port: readPort('the port of --to', port) }
    : { namespace, name, portName: port };
}

/** What `--via` and `--to-node` add to a Service destination. */
function addressedBy(
  service: ServiceDestination,
  via: string | undefined,
  node: string | undefined,
): ServiceDestination {
  return {
    ...service,
    ...(via === undefined ? {} : { via: readVia(via) }),
    ...(node === undefined ? {} : { node }),
  };
}

export function readVia(text: string): Via {
  return oneOf('--via', text, VIAS);
}

/** Reads a Service as `--to` of probability takes it. */
export function readServiceDestination(text: string, via?: string, node?: string): ServiceDestination {
  const service = readService(text);
  if (service === undefined) throw new UsageError(`--to is ${SERVICE_SHAPE}, not ${text}.`);
  return addressedBy(service, via, node);
}

/** Reads a destination as `--to` of path takes it. */
export function readDestination(text: string, via?: string, node?: string): Destination {
  const service = readService(text);
  if (service !== undefined) return { service: addressedBy(service, via, node) };
  const word = text.split('/')[0] ?? '';
  if (SERVICE_WORDS.includes(word)) throw new UsageError(`A Service in --to is ${SERVICE_SHAPE}, not ${text}.`);
  if (via !== undefined)
    throw new UsageError(`--via says how a Service is addressed, and --to ${text} is not a Service.`);
  if (node !== undefined)
    throw new UsageError(`--to-node belongs to a Service's node port, and --to ${text} is no Service.`);
  const match = /^(?:\[([^\]]*)\]|([^[\]]*)):([^:]*)$/.exec(text);
  const place = match?.[1] ?? match?.[2];
  if (match === null || place === undefined || place === '' || isIP(text) === 6) {
    const meant = text.includes('/') ? didYouMeanOption(word, ['svc', 'service', 'pod']) : '';
    const shapes = `${SERVICE_SHAPE}, pod/NAMESPACE/NAME:PORT, ADDRESS:PORT ([ADDRESS]:PORT for IPv6) or HOST:PORT`;
    throw new UsageError(`--to is ${shapes}, not ${text}.${meant}`);
  }
  const port = readPort('the port of --to', match[3] ?? '');
  if (isIP(place) !== 0) return { address: place, port };
  const pod = /^pod\/([^/]+)\/([^/]+)$/.exec(place);
  if (pod !== null) return { pod: `${pod[1]}/${pod[2]}`, port };
  if (place.includes('/') || place.includes(':')) {
    throw new UsageError(
      `--to is ${SERVICE_SHAPE}, pod/NAMESPACE/NAME:PORT, ADDRESS:PORT or HOST:PORT, not ` +
        `${text}.${didYouMeanOption(word, ['svc', 'service', 'pod'])}`,
    );
  }
  return { host: place, port };
}

const CLIENTS_SHAPE =
  'nodes[@NODE,…], hosts[@NODE,…], deployment/NAMESPACE/NAME, pod/NAMESPACE/NAME, ' +
  'external[/ADDRESS][@NODE,…] or load-balancer[/ADDRESS]';
const CLIENTS_WORDS = [
  'nodes',
  'hosts',
  'workload',
  'pod',
  'external',
  'load-balancer',
  'deployment',
  'statefulset',
  'daemonset',
];

/** Reads `--clients`. */
export function readClients(text: string): Clients {
  const everywhere = /^(nodes|hosts)(?:@(.+))?$/.exec(text);
  if (everywhere !== null) {
    const names = everywhere[2]?.split(',');
    return { nodes: { from: everywhere[1] === 'hosts' ? 'HOST' : 'POD', ...(names === undefined ? {} : { names }) } };
  }
  const balanced = /^load-balancer(?:\/([^/]+))?$/.exec(text);
  if (balanced !== null) {
    const address = balanced[1]?.replace(/^\[(.*)\]$/, '$1');
    return { loadBalancer: address === undefined ? {} : { address } };
  }
  const external = readExternal(text);
  if (external !== undefined) {
    return {
      external: {
        ...(external.address === undefined ? {} : { address: external.address }),
        ...(external.nodes.length === 0 ? {} : { entersAt: external.nodes }),
      },
    };
  }
  const words = text.split('/');
  if (words[0] === 'pod' && words.length === 3 && words[1] && words[2]) return { pod: `${words[1]}/${words[2]}` };
  const named = readWorkload(words);
  if (named !== undefined) return { workload: named };
  throw wrongSource('--clients', text, CLIENTS_WORDS, CLIENTS_SHAPE);
}

/** Reads `--weight SOURCE=WEIGHT`. */
export function readWeight(text: string): WeightedSource {
  const [source, weight] = readPair('--weight', text, 'SOURCE=WEIGHT');
  const exact = readFraction(`The weight in --weight ${text}`, weight);
  const whole = /^\d{1,15}$/.test(exact) ? Number(exact) : exact;
  return { source: readSource('--weight', source), weight: whole };
}

/** A workload that can be scaled, `[KIND/]NAMESPACE/NAME`; `given` and `shape` are the whole value, for the error. */
export function readScaled(
  option: string,
  name: string,
  given = name,
  shape = '[KIND/]NAMESPACE/NAME',
): Omit<ScaleChange, 'replicas'> {
  const words = name.split('/');
  const named = readWorkload(words.length === 2 ? ['deployment', ...words] : words);
  const { kind } = named ?? {};
  if (named === undefined || (kind !== 'Deployment' && kind !== 'ReplicaSet' && kind !== 'StatefulSet')) {
    throw new UsageError(
      `${option} is ${shape} with KIND deployment (default), replicaset or statefulset, not ${given}.${
        words.length === 3 ? didYouMeanOption(words[0] ?? '', ['deployment', 'replicaset', 'statefulset']) : ''
      }`,
    );
  }
  return { ...named, kind };
}

/** Reads `--scale [KIND/]NAMESPACE/NAME=REPLICAS`. */
export function readScale(text: string): ScaleChange {
  const shape = '[KIND/]NAMESPACE/NAME=REPLICAS';
  const [name, replicas] = readPair('--scale', text, shape);
  return {
    ...readScaled('--scale', name, text, shape),
    replicas: readWhole('The number of replicas in --scale', replicas),
  };
}

/** Options of load balancers that are lists, and those that are words in capitals. */
const LISTED = ['previousSubset', 'announcingNodes'];
const WORDED = ['backends', 'targetType'];

function optionValue(name: string, value: string): unknown {
  if (LISTED.includes(name)) return value.split('+');
  if (WORDED.includes(name)) return value.toUpperCase().replaceAll('-', '_');
  if (value === 'true' || value === 'false') return value === 'true';
  return value;
}

/**
 * Reads `--load-balancer NAME[,OPTION=VALUE…]`; an option without a value is true. What exists is the validator's to
 * judge.
 */
export function readLoadBalancer(text: string): Record<string, unknown> {
  const [first = '', ...rest] = text.split(',');
  const named = first !== '' && !first.includes('=');
  const options = (named ? rest : [first, ...rest]).filter((one) => one !== '');
  const entries = options.map((one) => {
    const at = one.indexOf('=');
    const [name, value] = at < 0 ? [one, 'true'] : [one.slice(0, at), one.slice(at + 1)];
    return [name, optionValue(name, value)] as const;
  });
  if (!named && entries.length === 0)
    throw new UsageError(`--load-balancer is NAME[,OPTION=VALUE…], not ${text === '' ? 'empty' : text}.`);
  return {
    ...(named ? { implementation: first } : {}),
    ...(entries.length === 0 ? {} : { options: Object.fromEntries(entries) }),
  };
}
