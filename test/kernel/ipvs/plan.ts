/** What the guest of user-mode Linux gets: hosts as in a plant, and clusters in ipvs mode to be tried on them. */
import type { IPFamily } from '../../../src/base/address.js';
import { savedSet } from '../../../src/netfilter/ipset-text.js';
import { savedServer } from '../../../src/netfilter/ipvs/save.js';
import type { IpvsProgram } from '../../../src/proxy/ipvs/program.js';
import { programNode } from '../../../src/proxy/program.js';
import { prepare } from '../../../src/questions/prepare.js';
import { type Deployment, listeners } from '../deploy.js';
import type { Expectation } from '../expectation.js';
import { FAMILIES, inFamily } from '../plant/families.js';
import {
  linesInIPv6,
  links,
  namespaceOf,
  nodeLines,
  nodeLinesOfIPv6,
  nodeName,
  numbers,
  outsideLines,
  type PlantOptions,
  podLines,
} from '../plant/layout.js';
import { nodeRules } from '../rules.js';

const PORTS = [8080, 8081];
const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;

const BEFORE = {
  'net/ipv6/conf/*/accept_dad': '0',
  'net/ipv6/conf/*/router_solicitations': '0',
  'net/ipv6/conf/*/accept_ra': '0',
  'net/ipv6/icmp/ratelimit': '0',
  // What is known of a neighbour stays known.
  'net/ipv6/neigh/*/base_reachable_time_ms': '36000000',
};
const EVERYWHERE = { 'net/ipv4/conf/*/rp_filter': '0', 'net/ipv6/conf/*/accept_redirects': '0' };
const ROUTER = {
  'net/ipv4/ip_forward': '1',
  'net/ipv4/conf/*/send_redirects': '0',
  'net/ipv4/icmp_ratelimit': '0',
  'net/ipv4/icmp_ratemask': '0',
  'net/ipv6/conf/all/forwarding': '1',
  'net/bridge/bridge-nf-call-iptables': '1',
  'net/bridge/bridge-nf-call-ip6tables': '1',
};

/** The hosts of a plant: see plant/layout.ts. */
export function setupOf(options: PlantOptions) {
  const host = (
    name: string,
    lines: readonly string[],
    sysctl: Readonly<Record<string, string>>,
    more: { readonly node?: boolean; readonly lines6?: readonly string[]; readonly listen?: readonly unknown[] } = {},
  ) => ({
    name,
    space: namespaceOf(options, name),
    node: more.node ?? false,
    before: BEFORE,
    lines: text(lines),
    lines6: text([...linesInIPv6(lines), ...(more.lines6 ?? [])]),
    sysctl: { ...EVERYWHERE, ...sysctl },
    listen: more.listen ?? [],
  });
  const pairs = options.pods.flatMap((pod) =>
    options.pods
      .filter((other) => other.node === pod.node && other !== pod)
      .flatMap((other) => FAMILIES.map((family) => [namespaceOf(options, pod.name), inFamily(family, other.address)])),
  );
  return {
    links: text(links(options)),
    neighbours: pairs,
    hosts: [
      host('outside', outsideLines(options), { 'net/ipv6/ip_nonlocal_bind': '1' }),
      ...numbers(options.nodes).map((node) =>
        host(nodeName(node), nodeLines(options, node), ROUTER, { node: true, lines6: nodeLinesOfIPv6(options, node) }),
      ),
      ...options.pods.map((pod) =>
        host(
          pod.name,
          podLines(options, pod),
          {},
          {
            listen: FAMILIES.flatMap((family) =>
              PORTS.flatMap((port) =>
                (['TCP', 'UDP'] as const).map((kind) => [kind, inFamily(family, pod.address), port]),
              ),
            ),
          },
        ),
      ),
    ],
  };
}

/** The state of a node in ipvs mode, as its tools load it. */
export function nodeOf(options: PlantOptions, deployment: Deployment, node: number, anew = false) {
  const { snapshot, settings, families = ['IPv4'] } = deployment;
  const override = settings === undefined ? {} : { settings };
  const prepared = prepare(override, snapshot);
  const name = nodeName(node);
  const programs = families.map(
    (family) => programNode(prepared.cluster, name, family, prepared.settings.proxyOf(name)) as IpvsProgram,
  );
  const rules = families.map((family) => {
    const loaded = nodeRules(prepared.cluster, prepared.settings, name, family, '');
    return [`${family === 'IPv4' ? 'iptables' : 'ip6tables'}-legacy-restore`, loaded];
  });
  return {
    space: namespaceOf(options, name),
    // Whether turns and remembered clients begin anew, where the node has these very servers.
    anew,
    addresses: text(
      programs.flatMap((program) =>
        [...program.boundAddresses.keys()].map(
          (address) =>
            `address add ${address}/${program.family === 'IPv4' ? 32 : 128} dev kube-ipvs0${program.family === 'IPv4' ? '' : ' nodad'}`,
        ),
      ),
    ),
    // Sets stay from one cluster to the next, with other entries.
    ipset: programs
      .flatMap((program) =>
        program.namedSets.map((set) => savedSet(set, program.family).replace('\n', `\nflush ${set.name}\n`)),
      )
      .join(''),
    // In the order in which kube-proxy adds them, which is not that of ipvsadm.
    ipvsadm: programs
      .flatMap((program) => [...program.virtualServers(), ...onBridge(program, node)].map(inOrder))
      .join(''),
    rules,
  };
}

/** kube-proxy gives node ports to every local address: to the bridge's too, which no snapshot tells. */
function onBridge(program: IpvsProgram, node: number) {
  const { allAddresses, nodeAddresses } = program.context;
  if (!allAddresses) return [];
  const address = inFamily(program.family, `10.180.${node}.1`);
  return program
    .virtualServers()
    .filter((server) => server.address === nodeAddresses[0])
    .map((server) => ({ ...server, address }));
}

/** A virtual server with its real servers in the order in which they are added. */
function inOrder(server: Parameters<typeof savedServer>[0]): string {
  const alone = (realServers: typeof server.realServers) => savedServer({ ...server, realServers });
  const [head = ''] = alone([]).split('\n');
  const lines = server.realServers.map((real) => alone([real]).split('\n')[1] ?? '');
  return text([head, ...lines]);
}

/** What listens on the hosts of a cluster: `[host, namespace, protocol, address, port]`. */
export function hostListeners(options: PlantOptions, { snapshot, settings, families = ['IPv4'] }: Deployment) {
  return numbers(snapshot.cluster.nodes.size).flatMap((node) => {
    const { tcp, udp } = listeners(snapshot, node, settings ?? {});
    const any = (family: IPFamily) => (family === 'IPv4' ? '0.0.0.0' : '::');
    const at = (kind: 'TCP' | 'UDP', port: number, address: string) => [
      nodeName(node),
      namespaceOf(options, nodeName(node)),
      kind,
      address,
      port,
    ];
    const of = (kind: 'TCP' | 'UDP', all: readonly { readonly port: number; readonly address?: string }[]) =>
      all.flatMap(({ port, address }) =>
        address === undefined
          ? families.map((family) => at(kind, port, any(family)))
          : families.includes(address.includes(':') ? 'IPv6' : 'IPv4')
            ? [at(kind, port, address)]
            : [],
      );
    return [...of('TCP', tcp), ...of('UDP', udp)];
  });
}

/** A flow as the guest opens it: enough connections that each outcome has its turn. */
export function flowOf(options: PlantOptions, { host, flow, outcomes }: Expectation, kept: boolean) {
  return {
    space: namespaceOf(options, host),
    protocol: flow.protocol,
    address: flow.address,
    port: flow.port,
    source: flow.from ?? '',
    expected: outcomes.map(({ observable }) => observable),
    most: kept ? 1 : outcomes.length < 2 ? 1 : 4 * outcomes.length + 4,
  };
}
