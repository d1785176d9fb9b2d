/** What is seen, as a request: the REST body, the command line, and grpcurl's. */
import type { Body } from '../api/types.js';
import { nameOf } from './session.js';
import type { Shown } from './shown.js';

const pretty = (body: unknown) => JSON.stringify(body, undefined, 2);

/** Text inside single quotes of a shell. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** `curl` of what the page itself asked. */
export function asRest({ kind, body }: Shown, base: string): string {
  return `curl -sS ${quoted(`${base}/v1/${kind}`)} -H 'content-type: application/json' -d ${quoted(pretty(body))}`;
}

/** The same question asked of the files, without a server. */
export function asCommand({ kind, body }: Shown): string {
  const { snapshot, ...rest } = body as Body & { readonly snapshot: { readonly digest: string } };
  const name = nameOf(snapshot.digest);
  const files = (name === 'snapshot' ? 'cluster.json' : name).split(', ');
  const given = files.map((name) => ` -s ${/^[\w./-]+$/.test(name) ? name : quoted(name)}`).join('');
  return `kube-whatif ${kind}${given} --request - <<'REQUEST'\n${pretty(rest)}\nREQUEST`;
}

/**
 * Fields whose words have the name of their enum before them in protobuf, by the field above them where a name has two
 * meanings.
 */
const ENUMS: Readonly<Record<string, string>> = {
  via: 'VIA',
  vias: 'VIA',
  phase: 'PHASE',
  failOn: 'FAIL_ON',
  lists: 'INSPECT_LIST',
  format: 'FORMAT',
  flavour: 'FLAVOUR',
  groupBy: 'GROUP_BY',
  detail: 'DETAIL',
  dataplane: 'DATAPLANE',
  podNetwork: 'POD_NETWORK',
  forwardPolicy: 'FORWARD_POLICY',
  policies: 'POLICIES',
  'connections.pattern': 'PATTERN',
  'ipMasq.writer': 'WRITER',
  'nodes.from': 'FROM',
  'node.action': 'ACTION',
  'zone.action': 'ACTION',
  'pods.state': 'STATE',
  'rollout.state': 'STATE',
};

/** Lists that are a message with `items`, since an empty one says something else than none. */
const LISTS: ReadonlySet<string> = new Set([
  'externalIPs',
  'loadBalancerSourceRanges',
  'loadBalancerIngress',
  'nodePortAddresses',
  'podMasquerade',
  'exceptDestinations',
  'nonMasqueradeCIDRs',
  'routes',
  'weights',
  'previousSubset',
  'announcingNodes',
  'pods.names',
]);

/** Fields that are an integer or a string in JSON, and a string in protobuf. */
const STRINGS: ReadonlySet<string> = new Set(['weight', 'maxSurge', 'maxUnavailable', 'targetPort', 'progress']);

const BYTES: ReadonlySet<string> = new Set(['patch.patch', 'rollout.template']);

function base64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The JSON of the protobuf message that mirrors a request. */
function protoJson(value: unknown, name = '', above = ''): unknown {
  if (BYTES.has(`${above}.${name}`)) return base64(JSON.stringify(value));
  if (Array.isArray(value)) {
    if (name === 'manifests') return value.map((one) => base64(typeof one === 'string' ? one : JSON.stringify(one)));
    const items = value.map((one) => protoJson(one, name, above));
    return LISTS.has(name) || LISTS.has(`${above}.${name}`) ? { items } : items;
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, protoJson(one, key, name)]));
  }
  if (value === null) return '';
  if (typeof value === 'number' && STRINGS.has(name)) return String(value);
  const prefix = ENUMS[`${above}.${name}`] ?? ENUMS[name];
  return typeof value === 'string' && prefix !== undefined && /^[A-Z_]+$/.test(value) ? `${prefix}_${value}` : value;
}

const RPCS: Readonly<Record<Shown['kind'], string>> = {
  chains: 'Chains',
  path: 'Path',
  probability: 'Probability',
  'what-if': 'WhatIf',
  sweep: 'Sweep',
  inspect: 'Inspect',
  batch: 'Batch',
};

/** The same over gRPC, whose server has a port of its own. */
export function asGrpc({ kind, body }: Shown, host: string): string {
  return (
    `grpcurl -plaintext -d ${quoted(pretty(protoJson(body)))} ${host}:9090 ` + `kube_whatif.v1.KubeWhatif/${RPCS[kind]}`
  );
}
