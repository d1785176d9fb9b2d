/**
 * Measures the rules of one node: reading Services, counting endpoints, writing the restore input (the first time and
 * again), an edit of one Service, and the way to one Service's chains.
 *
 *   node dist/bench/render.js [SIZE | FILE.json.gz] …
 *
 * Times are milliseconds. Ratios: against JSON.parse of the same snapshot, and against hashing the chain names that the
 * rules need, which no renderer can do without.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Cluster } from '../src/cluster/cluster.js';
import type { EndpointSlice, KubernetesObject, Node, Service } from '../src/cluster/objects.js';
import { namespacedName } from '../src/cluster/objects.js';
import { statementsOf } from '../src/netfilter/iptables/statements.js';
import type { Packet } from '../src/netfilter/packet.js';
import { iptablesProgram } from '../src/proxy/iptables/program.js';
import { IpvsProgram } from '../src/proxy/ipvs/program.js';
import { hashedNames } from '../src/proxy/name-hash.js';
import { NftablesProgram } from '../src/proxy/nftables/program.js';
import { serviceMap } from '../src/proxy/service-map.js';
import { generateSnapshot, SIZES } from './generate.js';
import { SETTINGS } from './proxy-settings.js';

function timed<T>(work: () => T): [T, number] {
  const start = performance.now();
  const value = work();
  return [value, performance.now() - start];
}

function clusterOf(items: readonly KubernetesObject[]): Cluster {
  const of = <T extends KubernetesObject>(kind: string) => items.filter((item) => item.kind === kind) as T[];
  return Cluster.of({
    nodes: of<Node>('Node'),
    services: of<Service>('Service'),
    endpointSlices: of<EndpointSlice>('EndpointSlice'),
    pods: [],
    endpoints: [],
    workloads: [],
    configMaps: [],
  });
}

function write(cluster: Cluster, node: Node): string {
  return iptablesProgram({ cluster, node, family: 'IPv4', settings: SETTINGS }).restore();
}

/** The other modes, beside the row of iptables: what kube-proxy hands over at a full sync, the first time and again. */
function measureModes(cluster: Cluster, node: Node, parse: number): void {
  const version = { major: 1, minor: 36, patch: 1 };
  for (const mode of ['nftables', 'ipvs'] as const) {
    const settings = { ...SETTINGS, version, mode };
    const input = { cluster, node, family: 'IPv4', settings } as const;
    const restore = () => (mode === 'nftables' ? new NftablesProgram(input) : new IpvsProgram(input)).restore();
    const [text, first] = timed(restore);
    const again = Math.min(...[1, 2, 3].map(() => timed(restore)[1]));
    const ratio = (value: number) => `${(value / parse).toFixed(2)} × parse`;
    console.log(
      `  ${mode}, first time ${ms(first).trim()}, again ${ms(again).trim()}   ${ratio(first)}, ${ratio(again)} ` +
        `(${text.length} bytes)`,
    );
  }
}

const ms = (value: number) => value.toFixed(value < 10 ? 2 : 0).padStart(8);

function measure(name: string): void {
  const text = name.endsWith('.gz')
    ? gunzipSync(readFileSync(name)).toString('utf8')
    : JSON.stringify(generateSnapshot(SIZES[name] ?? (SIZES['s1000-e10'] as (typeof SIZES)[string])));
  const [list, parse] = timed(() => JSON.parse(text) as { items: KubernetesObject[] });
  const cluster = clusterOf(list.items);
  const node = [...cluster.nodes.values()][0] as Node;

  const [services, read] = timed(() => serviceMap(cluster, 'IPv4', SETTINGS));
  const [total, count] = timed(() => services.endpointTotal);
  const [rules, first] = timed(() => write(cluster, node));
  const again = Math.min(...[1, 2, 3].map(() => timed(() => write(cluster, node))[1]));
  const memory = process.memoryUsage();

  const names = services.ports().flatMap((port) => {
    const prefix = port.id + port.protocol.toLowerCase();
    return [prefix, ...services.endpointsOf(port).map(({ id }) => prefix + id)];
  });
  const [, hashing] = timed(() => names.map((each) => createHash('sha256').update(each).digest('base64')));
  const [, ownHashing] = timed(() => names.map(hashedNames('KUBE-SEP-')));

  const edited = [...cluster.services.values()][Math.floor(cluster.services.size / 2)] as Service;
  const edits = Array.from({ length: 100 }, (_, i) => {
    const changed = { ...edited, spec: { ...edited.spec, sessionAffinity: i % 2 === 0 ? 'ClientIP' : 'None' } };
    return timed(() => {
      const next = cluster.with({ services: new Map([[namespacedName(edited), changed]]) });
      const map = serviceMap(next, 'IPv4', SETTINGS);
      return map.endpointTotal + map.claims('TCP', edited.spec?.clusterIP ?? '', 80).length;
    })[1];
  });
  const packet: Packet = {
    family: 'IPv4',
    protocol: 'TCP',
    source: '10.0.0.2',
    destination: edited.spec?.clusterIP ?? '',
    destinationPort: 80,
    mark: 0,
    connection: { state: 'NEW', dnat: false, snat: false },
  };
  const [led, way] = timed(() => {
    const program = iptablesProgram({ cluster, node, family: 'IPv4', settings: SETTINGS });
    const nat = program
      .ruleset({ kubelet: true, forwardPolicy: 'ACCEPT' })
      .tables.find((table) => table.name === 'nat');
    const rules = nat?.chain('KUBE-SERVICES')?.select?.(packet) ?? [];
    return rules.flatMap((rule) =>
      statementsOf(rule).map((each) => (each.kind === 'jump' ? nat?.chain(each.chain) : undefined)),
    );
  });

  const ratio = (value: number) => `${(value / parse).toFixed(2)} × parse, ${(value / hashing).toFixed(2)} × SHA-256`;
  console.log(
    `${name}: ${(text.length / 1e6).toFixed(1)} MB of JSON, ${total} endpoints, ${rules.length} bytes of rules`,
  );
  console.log(`  JSON.parse        ${ms(parse)}`);
  console.log(
    `  SHA-256 of names  ${ms(hashing)}   (${names.length} names; ours with base32 ${ms(ownHashing).trim()})`,
  );
  console.log(`  read Services     ${ms(read)}`);
  console.log(`  count endpoints   ${ms(count)}`);
  console.log(`  rules, first time ${ms(first)}   ${ratio(first)}`);
  console.log(`  rules, again      ${ms(again)}   ${ratio(again)}`);
  measureModes(cluster, node, parse);
  console.log(
    `  one edit          ${ms(edits.sort((a, b) => a - b)[50] as number)}   (first ${ms(Math.max(...edits)).trim()})`,
  );
  console.log(`  way to a Service  ${ms(way)}   (${led.length} statements)`);
  console.log(`  memory            ${ms(memory.rss / 1e6)} MB resident, ${ms(memory.heapUsed / 1e6).trim()} MB heap`);
}

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : Object.keys(SIZES)) measure(name);
