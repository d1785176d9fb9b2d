/**
 * The hosts of a plant and the `ip -batch` lines that make them: node N has 10.0.0.N on eth0 (the name that walks give
 * the uplink) and pods in 10.180.N.0/24, either on the bridge cbr0 (10.180.N.1) or each on an interface and route of
 * its own. Outside is one host, 10.0.0.254, the nodes' default gateway, which forwards nothing; each of its own
 * addresses sends by way of one node. Every host has the IPv6 twin of each of its addresses (families.ts) too.
 */
import type { IPFamily } from '../../../src/base/address.js';
import { inFamily } from './families.js';

export interface PlantPod {
  /** `namespace/name` */
  readonly name: string;
  /** Number of its node. */
  readonly node: number;
  readonly address: string;
}

export interface PlantOptions {
  /** Distinguished by it from other plants of the same sandbox: a letter or two. */
  readonly name: string;
  readonly nodes: number;
  readonly pods: readonly PlantPod[];
  readonly podNetwork: 'BRIDGE' | 'ROUTED';
  /** Whether connections from outside to a load balancer's address are spread over nodes (Plant.balance). */
  readonly balanced?: boolean;
}

export const BRIDGE = 'cbr0';
const OUTSIDE = '10.0.0.254';
/** An outside client whose packets to a balanced address may arrive at any node. */
export const BALANCED_CLIENT = '198.51.100.20';
/** An outside address that no list of reserved ranges holds. */
export const INTERNET = '8.8.8.8';

export const nodeName = (node: number) => `node-${node}`;
export const nodeAddress = (node: number) => `10.0.0.${node}`;
export const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** The outside address whose packets arrive at a node: the first of 4096 of the node's, 198.18.N·16.0/20. */
export function outsideAddress(node: number, index = 9): string {
  return `198.18.${node * 16 + Math.floor(index / 256)}.${index % 256}`;
}

export function namespaceOf(options: PlantOptions, host: string): string {
  return `${options.name}-${host.replace('/', '-')}`;
}

const mac = (node: number, index: number) => `02:00:00:00:0${node.toString(16)}:${index.toString(16).padStart(2, '0')}`;

/** Namespaces and the links between them; to be run in the sandbox's own namespace. */
export function links(options: PlantOptions): readonly string[] {
  const wire = `${options.name}-wire`;
  const lines = [`link add ${wire} address ${mac(15, 0)} type bridge mcast_snooping 0`, `link set ${wire} up`];
  const attach = (host: string, port: string) => {
    lines.push(
      `netns add ${namespaceOf(options, host)}`,
      `link add name eth0 netns ${namespaceOf(options, host)} type veth peer name ${port}`,
      `link set ${port} master ${wire} up`,
    );
  };
  attach('outside', `${options.name}-out`);
  for (const node of numbers(options.nodes)) attach(nodeName(node), `${options.name}-n${node}`);
  for (const [index, pod] of options.pods.entries()) {
    const own = namespaceOf(options, pod.name);
    const host = namespaceOf(options, nodeName(pod.node));
    lines.push(`netns add ${own}`, `link add name eth0 netns ${own} type veth peer name veth${index} netns ${host}`);
  }
  return lines;
}

/** What makes a namespace the outside host. */
export function outsideLines(options: PlantOptions): readonly string[] {
  return [
    'link set lo up',
    `address add ${OUTSIDE}/24 dev eth0`,
    'link set eth0 up',
    // Any address of the range is the host's own.
    'route add local 198.18.0.0/16 dev lo',
    'address add 198.51.100.9/32 dev lo',
    `address add ${BALANCED_CLIENT}/32 dev lo`,
    `address add ${INTERNET}/32 dev lo`,
    'rule add from 198.51.100.9 lookup 101',
    `route add default via ${nodeAddress(1)}`,
    ...numbers(options.nodes).flatMap((node) => [
      `rule add from 198.18.${node * 16}.0/20 lookup ${100 + node}`,
      `route add default via ${nodeAddress(node)} dev eth0 table ${100 + node}`,
      `route add 10.180.${node}.0/24 via ${nodeAddress(node)}`,
    ]),
  ];
}

/** What makes a namespace node N. */
export function nodeLines(options: PlantOptions, node: number): readonly string[] {
  const bridged = options.podNetwork === 'BRIDGE';
  const lines = ['link set lo up', `address add ${nodeAddress(node)}/24 dev eth0`, 'link set eth0 up'];
  if (bridged) {
    lines.push(`link add ${BRIDGE} address ${mac(node, 0)} type bridge`);
    // Without snooping every neighbour's question reaches every port.
    lines.push(`link set ${BRIDGE} type bridge mcast_snooping 0`);
    lines.push(`address add 10.180.${node}.1/24 dev ${BRIDGE}`, `link set ${BRIDGE} up`);
  }
  for (const [index, pod] of options.pods.entries()) {
    if (pod.node !== node) continue;
    if (bridged) {
      lines.push(`link set veth${index} master ${BRIDGE} up`, `link set veth${index} type bridge_slave hairpin on`);
    } else {
      lines.push(`link set veth${index} up`, `route add ${pod.address}/32 dev veth${index}`);
    }
  }
  for (const other of numbers(options.nodes)) {
    if (other !== node) lines.push(`route add 10.180.${other}.0/24 via ${nodeAddress(other)}`);
  }
  lines.push(`route add default via ${OUTSIDE}`);
  return lines;
}

/**
 * The same for IPv6, as `ip -6 -batch` takes it: every line with an address. Addresses are there at once, without a
 * look for duplicates.
 */
export function linesInIPv6(lines: readonly string[]): readonly string[] {
  return lines
    .filter((line) => inFamily('IPv6', line) !== line && !line.endsWith('scope link'))
    .map((line) => (line.startsWith('address add') ? `${line} nodad` : line))
    .map((line) => inFamily('IPv6', line));
}

/** What IPv6 needs on node N beside that: the gateway of routed pods. */
export function nodeLinesOfIPv6(options: PlantOptions, node: number): readonly string[] {
  if (options.podNetwork === 'BRIDGE') return [];
  return [...options.pods.entries()]
    .filter(([, pod]) => pod.node === node)
    .map(([index]) => `address add fe80::1/64 dev veth${index} nodad`);
}

/** Leads outside clients' connections to an address to these nodes, spread by connection; to none: takes that back. */
export function balanceLine(address: string, nodes: readonly number[], family: IPFamily): string {
  const own = `${inFamily(family, address)}/${family === 'IPv4' ? 32 : 128}`;
  if (nodes.length === 0) return `route del ${own}`;
  const hops = nodes.map((node) => `nexthop via ${inFamily(family, nodeAddress(node))} dev eth0`);
  return `route replace ${own} ${hops.join(' ')}`;
}

/** Makes an address one of a node's own, as Google's guest agent does with a load balancer's, or takes that back. */
export function ownLine(address: string, own: boolean, family: IPFamily): string {
  const target = `${inFamily(family, address)}/${family === 'IPv4' ? 32 : 128}`;
  return own ? `route replace local ${target} dev eth0` : `route del local ${target} dev eth0`;
}

/** The `ip` lines that turn hairpin mode of a node's bridge ports on or off. */
export function hairpinLines(options: PlantOptions, node: number, on: boolean): readonly string[] {
  return [...options.pods.entries()]
    .filter(([, pod]) => pod.node === node)
    .map(([index]) => `link set veth${index} type bridge_slave hairpin ${on ? 'on' : 'off'}`);
}

/** What makes a namespace a pod. */
export function podLines(options: PlantOptions, pod: PlantPod): readonly string[] {
  if (options.podNetwork === 'BRIDGE') {
    return [
      'link set lo up',
      `address add ${pod.address}/24 dev eth0`,
      'link set eth0 up',
      `route add default via 10.180.${pod.node}.1`,
    ];
  }
  // As Calico has it: a gateway that no interface has, for which the node answers.
  return [
    'link set lo up',
    `address add ${pod.address}/32 dev eth0`,
    'link set eth0 up',
    'route add 169.254.1.1 dev eth0 scope link',
    'route add default via 169.254.1.1 dev eth0',
  ];
}
