import { isRecord } from '../base/record.js';
import type { ManifestFile } from '../changes/manifests/read-manifests.js';
import { ENUMS } from '../contract/gen/types.js';
import type { PlainKind } from '../questions/kinds.js';
import {
  readClients,
  readDestination,
  readLoadBalancer,
  readScaled,
  readServiceDestination,
  readSource,
  readVia,
  readWeight,
} from '../words/read-targets.js';
import { oneOf, readFamily, readFraction, readPair } from '../words/read-values.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { changes } from './change-options.js';
import { type Fields, field, list, whole, word } from './field-parts.js';
import { readBytes, readJsonOption } from './input-files.js';
import { solveFields } from './solve-fields.js';
import { timelineFields } from './timeline-fields.js';
import { traffic } from './traffic-fields.js';

function requireTo(args: Arguments): void {
  if (args.has('to')) return;
  for (const name of ['via', 'to-node']) {
    if (args.has(name)) throw new UsageError(`--${name} says more about --to, which is not given.`);
  }
}

function chainsFields(args: Arguments): Fields {
  return {
    ...list('nodes', args.all('node')),
    ...list('families', args.all('family'), readFamily),
    ...list('services', args.all('service')),
    ...word(args, 'format', 'format', ENUMS['ChainsQuestion.format']),
    ...word(args, 'flavour', 'flavour', ENUMS['ChainsQuestion.flavour']),
    ...list('chains', args.all('chain')),
    ...whole(args, 'max-bytes', 'maxBytes'),
  };
}

/** The files of an option `NODE=FILE`, by node. */
async function nodeFiles(args: Arguments, name: string): Promise<readonly (readonly [string, string])[]> {
  const files: [string, string][] = [];
  for (const text of args.all(name)) {
    const at = text.indexOf('=');
    const [node, file] = [text.slice(0, at), text.slice(at + 1)];
    if (at <= 0 || file === '') throw new UsageError(`--${name} is NODE=FILE, not ${text}.`);
    if (files.some(([known]) => known === node)) throw new UsageError(`--${name} is given twice for node ${node}.`);
    files.push([node, (await readBytes(`--${name}`, file)).toString('utf8')]);
  }
  return files;
}

async function nodeRules(args: Arguments): Promise<Fields> {
  const saves = await nodeFiles(args, 'iptables-save');
  const sets = await nodeFiles(args, 'ipset-save');
  const listings = await nodeFiles(args, 'nft-list');
  const servers = await nodeFiles(args, 'ipvsadm-save');
  const nodeRules: Record<string, { ipset?: string; nft?: string; ipvsadm?: string }> = {};
  for (const [node, ipset] of sets) nodeRules[node] = { ipset };
  for (const [node, nft] of listings) nodeRules[node] = { ...nodeRules[node], nft };
  for (const [node, ipvsadm] of servers) nodeRules[node] = { ...nodeRules[node], ipvsadm };
  return {
    ...(saves.length === 0 ? {} : { iptablesSave: Object.fromEntries(saves) }),
    ...(Object.keys(nodeRules).length === 0 ? {} : { nodeRules }),
  };
}

async function pathFields(args: Arguments): Promise<Fields> {
  requireTo(args);
  if (!args.has('request')) {
    const probes = args.one('from')?.startsWith('health-check/') ?? false;
    for (const name of probes ? ['from'] : ['from', 'to']) {
      if (!args.has(name)) throw new UsageError(`--${name} is missing. See kube-whatif path --help.`);
    }
  }
  const from = args.one('from');
  const to = args.one('to');
  const family = args.one('family');
  return {
    ...field('source', from === undefined ? undefined : readSource('--from', from)),
    ...field('destination', to === undefined ? undefined : readDestination(to, args.one('via'), args.one('to-node'))),
    ...word(args, 'protocol', 'protocol', ENUMS.Protocol),
    ...field('family', family === undefined ? undefined : readFamily(family)),
    ...word(args, 'phase', 'phase', ENUMS.Phase),
    ...field('returningTo', args.one('returning-to')),
    ...whole(args, 'max-traces', 'maxTraces'),
    ...word(args, 'group-by', 'groupBy', ENUMS['PathQuestion.groupBy']),
    ...(await nodeRules(args)),
  };
}

/** The rules of nodes as questions without a field for `iptables-save` take them. */
async function rulesByNode(args: Arguments): Promise<Fields> {
  const { iptablesSave = {}, nodeRules: given = {} } = (await nodeRules(args)) as {
    iptablesSave?: Readonly<Record<string, string>>;
    nodeRules?: Readonly<Record<string, object>>;
  };
  const merged: Record<string, object> = { ...given };
  for (const [node, text] of Object.entries(iptablesSave)) merged[node] = { ...merged[node], iptablesSave: text };
  return Object.keys(merged).length === 0 ? {} : { nodeRules: merged };
}

async function probabilityFields(args: Arguments): Promise<Fields> {
  requireTo(args);
  const clients = args.one('clients');
  const weights = args.all('weight');
  if (clients !== undefined && weights.length > 0) {
    throw new UsageError('--clients and --weight both say where connections come from: give one of them.');
  }
  return {
    ...list('services', args.all('to'), (text) => readServiceDestination(text, args.one('via'), args.one('to-node'))),
    ...field('clients', clients === undefined ? undefined : readClients(clients)),
    ...(weights.length === 0 ? {} : { clients: { weights: weights.map(readWeight) } }),
    ...word(args, 'protocol', 'protocol', ENUMS.Protocol),
    ...list('families', args.all('family'), readFamily),
    ...word(args, 'phase', 'phase', ENUMS.Phase),
    ...traffic(args),
    ...(await rulesByNode(args)),
  };
}

/** `FROM..TO`, `FROM..TO/STEP` or `N,N,…` */
function readReplicas(text: string): Fields {
  const range = /^(\d{1,15})\.\.(\d{1,15})(?:\/(\d{1,15}))?$/.exec(text);
  if (range !== null) {
    const [, from, to, step] = range;
    return { from: Number(from), to: Number(to), ...field('step', step === undefined ? undefined : Number(step)) };
  }
  if (!/^\d{1,15}(,\d{1,15})*$/.test(text)) {
    throw new UsageError(`--replicas is FROM..TO, FROM..TO/STEP or N,N,…, not ${text}.`);
  }
  return { replicas: text.split(',').map(Number) };
}

async function sweepFields(args: Arguments): Promise<Fields> {
  if (!args.has('request')) {
    for (const name of ['workload', 'replicas']) {
      if (!args.has(name)) throw new UsageError(`--${name} is missing. See kube-whatif sweep --help.`);
    }
  }
  const workload = args.one('workload');
  const replicas = args.one('replicas');
  const asked = await probabilityFields(args);
  const part = (option: string) => {
    const text = args.one(option);
    return text === undefined ? undefined : readFraction(`--${option}`, text);
  };
  const bound = {
    ...field('largestShare', part('largest-share')),
    ...field('largestNodeShare', part('largest-node-share')),
    ...field('largestZoneShare', part('largest-zone-share')),
    ...field('imbalance', part('imbalance')),
    ...field('delivered', part('delivered')),
    ...field('overCapacity', part('over-capacity')),
  };
  const after: unknown[] = [];
  for (const text of args.all('change-after')) after.push(await readJsonOption('--change-after', text));
  return {
    ...field('scale', workload === undefined ? undefined : readScaled('--workload', workload)),
    ...(replicas === undefined ? {} : readReplicas(replicas)),
    ...(Object.keys(asked).length === 0 ? {} : { probability: asked }),
    ...(Object.keys(bound).length === 0 ? {} : { bound }),
    ...(after.length === 0 ? {} : { changesAfter: after }),
    ...word(args, 'detail', 'detail', ENUMS['SweepQuestion.detail']),
  };
}

/** The questions that have options of their own. */
export type AskedKind = PlainKind | 'sweep' | 'check' | 'inspect' | 'apply' | 'reach' | 'solve' | 'timeline';

/** The fields of check. */
function checkFields(args: Arguments): Fields {
  return {
    ...word(args, 'fail-on', 'failOn', ENUMS['CheckQuestion.failOn']),
    ...list('services', args.all('service')),
    ...list('clients', args.all('clients'), (text) => oneOf('--clients', text, ENUMS.CheckClients)),
    ...list('vias', args.all('via'), readVia),
    ...list('families', args.all('family'), readFamily),
    ...whole(args, 'max-services', 'maxServices'),
    ...traffic(args),
  };
}

/** The fields of inspect. */
function inspectFields(args: Arguments): Fields {
  return {
    ...word(args, 'fail-on', 'failOn', ENUMS['InspectQuestion.failOn']),
    ...list('services', args.all('service')),
    ...list('namespaces', args.all('in-namespace')),
    ...whole(args, 'max-services', 'maxServices'),
    ...traffic(args),
    ...list('lists', args.all('list'), (text) => oneOf('--list', text, ENUMS.InspectList)),
  };
}

/** The fields of reach. */
function reachFields(args: Arguments): Fields {
  const given = args.one('port');
  const [, port = '', protocol] = /^(\d{1,5})(?:\/(\w+))?$/.exec(given ?? '') ?? [];
  if (given !== undefined && port === '') {
    throw new UsageError(`--port takes a number, with a protocol where it is not TCP: 53/UDP; not ${given}.`);
  }
  return {
    ...(args.has('to-workloads') ? { to: 'WORKLOADS' } : {}),
    ...list('namespaces', args.all('in-namespace')),
    ...list('fromNamespaces', args.all('from-namespace')),
    ...list('services', args.all('service')),
    ...(given === undefined ? {} : { port: Number(port) }),
    ...(protocol === undefined ? {} : { protocol: oneOf('--port', protocol, ENUMS.Protocol) }),
    ...list('families', args.all('family'), readFamily),
    ...whole(args, 'max-pairs', 'maxPairs'),
  };
}

/** What the options want of findings, laid over what the file wants: thresholds by name, ignored ones added. */
function findings(args: Arguments, base: unknown): Fields {
  const thresholds = args.all('threshold').map((text) => {
    const [name, value] = readPair('--threshold', text, 'NAME=VALUE');
    const exact = readFraction('--threshold', value);
    return [name, /^\d{1,15}$/.test(exact) ? Number(exact) : exact] as const;
  });
  const ignore = args.all('ignore').map((text) => {
    const at = text.indexOf('@');
    const code = (at < 0 ? text : text.slice(0, at)).toUpperCase().replaceAll('-', '_');
    return at < 0 ? code : { code, service: text.slice(at + 1) };
  });
  if (thresholds.length + ignore.length === 0) return {};
  const under = isRecord(base) ? base : {};
  const listed = Array.isArray(under.ignore) ? under.ignore : [];
  return {
    findings: {
      ...under,
      ...(thresholds.length === 0
        ? {}
        : {
            thresholds: { ...(isRecord(under.thresholds) ? under.thresholds : {}), ...Object.fromEntries(thresholds) },
          }),
      ...(ignore.length === 0 ? {} : { ignore: [...listed, ...ignore] }),
    },
  };
}

/** What the options say of each question that has options of its own. */
const FIELDS: Readonly<Record<AskedKind, (args: Arguments) => Fields | Promise<Fields>>> = {
  chains: chainsFields,
  apply: (args) => list('kinds', args.all('kind')),
  check: checkFields,
  inspect: inspectFields,
  reach: reachFields,
  solve: async (args) => solveFields(args, await probabilityFields(args)),
  timeline: async (args) => timelineFields(args, await probabilityFields(args)),
  path: pathFields,
  probability: probabilityFields,
  sweep: sweepFields,
};

/** Lays fields over others, objects into objects; anything else is replaced. */
function merge(under: unknown, over: Fields): Fields {
  const merged: Fields = isRecord(under) ? { ...under } : {};
  for (const [name, value] of Object.entries(over)) {
    merged[name] = isRecord(value) && isRecord(merged[name]) ? merge(merged[name], value) : value;
  }
  return merged;
}

async function settings(args: Arguments): Promise<Fields | undefined> {
  const given = args.one('settings');
  const base = given === undefined ? {} : await readJsonOption('--settings', given);
  if (!isRecord(base)) throw new UsageError('--settings is a JSON object.');
  const version = args.one('kubernetes-version');
  const mode = args.one('mode');
  const balancer = args.one('load-balancer');
  const named = {
    ...field('kubernetesVersion', version),
    ...field('loadBalancer', balancer === undefined ? undefined : readLoadBalancer(balancer)),
    ...(mode === undefined ? {} : { kubeProxy: { mode: oneOf('--mode', mode, ENUMS['KubeProxySettings.mode']) } }),
  };
  const all = merge(base, named);
  return Object.keys(all).length > 0 ? all : undefined;
}

/**
 * The request that the options make, laid over the one of `--request`: a field given by an option replaces the file's,
 * settings are merged, changes follow those of the file. Nothing is validated here beyond the options' own shapes.
 * `manifests`: what `--filename` names. `named`: the question is in the request even where no option says anything
 * of it, as what-if needs it. Throws UsageError; QuestionError MALFORMED for JSON that cannot be read.
 */
export async function buildRequest(
  kind: AskedKind | undefined,
  args: Arguments,
  base: unknown,
  named = false,
  manifests: readonly ManifestFile[] = [],
): Promise<unknown> {
  const question = kind === undefined ? {} : await FIELDS[kind](args);
  const over = await settings(args);
  const more = await changes(args, manifests);
  // Whatever else the file holds is the validator's to judge.
  if (base !== undefined && !isRecord(base)) return base;
  const under = base ?? {};
  const listed = Array.isArray(under.changes) ? under.changes : [];
  return {
    ...under,
    ...field('at', args.one('at')),
    ...(over === undefined ? {} : { settings: merge(under.settings, over) }),
    ...findings(args, under.findings),
    ...(more.length === 0 ? {} : { changes: [...listed, ...more] }),
    ...(kind === undefined || (Object.keys(question).length === 0 && !named)
      ? {}
      : { [kind]: { ...(isRecord(under[kind]) ? under[kind] : {}), ...question } }),
  };
}
