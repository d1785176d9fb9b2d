/**
 * What all rules of a node take in a fresh process: the part of bench/beside-kube-proxy.ts that is ours.
 *
 *   node dist/bench/render-times.js SNAPSHOT.json NODE MODE RUNS
 */
import { readFileSync } from 'node:fs';
import { Cluster } from '../src/cluster/cluster.js';
import type { EndpointSlice, KubernetesObject, Node, Service } from '../src/cluster/objects.js';
import type { NodeProxySettings } from '../src/cluster/settings.js';
import { iptablesProgram } from '../src/proxy/iptables/program.js';
import { IpvsProgram } from '../src/proxy/ipvs/program.js';
import { NftablesProgram } from '../src/proxy/nftables/program.js';
import type { ProxierInput } from '../src/proxy/node-program.js';
import { SETTINGS } from './proxy-settings.js';

const [file = '', name = '', mode = 'iptables', runs = '5'] = process.argv.slice(2);
const settings: NodeProxySettings = {
  ...SETTINGS,
  version: { major: 1, minor: 36, patch: 4 },
  mode: mode as NodeProxySettings['mode'],
  clusterCIDR: [],
  detectLocalMode: 'None',
};
const { items } = JSON.parse(readFileSync(file, 'utf8')) as { items: KubernetesObject[] };
const of = <T extends KubernetesObject>(kind: string) => items.filter((item) => item.kind === kind) as T[];
const cluster = Cluster.of({
  nodes: of<Node>('Node'),
  services: of<Service>('Service'),
  endpointSlices: of<EndpointSlice>('EndpointSlice'),
  pods: [],
  endpoints: [],
  workloads: [],
  configMaps: [],
});
const node = cluster.nodes.get(name);
if (node === undefined) throw new Error(`there is no node ${name}`);
/** The cluster as it is now: each edit makes another one. */
let input: ProxierInput = { cluster, node, family: 'IPv4', settings };

/** Another Service gets another session affinity, as a change of one Service does between two syncs. */
function edit(number: number): void {
  const [key, service] = [...cluster.services.entries()][number] as [string, Service];
  const sessionAffinity = service.spec?.sessionAffinity === 'ClientIP' ? 'None' : 'ClientIP';
  const edited = { ...service, spec: { ...service.spec, sessionAffinity } } as Service;
  input = { ...input, cluster: input.cluster.with({ services: new Map([[key, edited]]) }) };
}

/** The bytes that kube-proxy hands over; in mode ipvs the text of its virtual servers too, which it makes by calls. */
function restore(): number {
  if (mode === 'iptables') return sizeOf(iptablesProgram(input).restorePieces());
  if (mode === 'nftables') return sizeOf(new NftablesProgram(input).restorePieces());
  const program = new IpvsProgram(input);
  return sizeOf(program.restorePieces()) + program.stateText().length;
}

const sizeOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, { length }) => sum + length, 0);

function timed(): readonly [bytes: number, milliseconds: number] {
  const start = performance.now();
  const bytes = restore();
  return [bytes, performance.now() - start];
}

const [bytes, first] = timed();
const again = Array.from({ length: Number(runs) }, () => timed()[1]);
const edited = Array.from({ length: Number(runs) }, (_, index) => {
  edit(index);
  return timed()[1];
});
console.log(JSON.stringify({ first, again, edited, bytes }));
