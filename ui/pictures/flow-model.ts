/**
 * The flow of new connections: clients → load balancer → nodes where they start or come in → nodes of endpoints →
 * endpoints. Exact shares all the way; what is lost is a flow of its own. Columns that are too long to read are grouped
 * by zone or node, and open.
 */
import type { ListedNode, ServiceProbability, Verdict } from '../api/types.js';
import { add, compare, equals, type Fraction, isZero, multiply, ONE, parse, sum, ZERO } from '../state/fraction.js';

/** More marks than this in a column are grouped. */
const MOST_IN_COLUMN = 24;

export interface FlowNode {
  readonly id: string;
  readonly column: number;
  readonly label: string;
  /** A second line, as the count of pods of a group. */
  readonly detail: string;
  readonly kind: 'clients' | 'balancer' | 'node' | 'zone' | 'pod' | 'lost';
  readonly share: Fraction;
  /** Set for a group: its key, under which it is opened and closed. */
  readonly group?: string;
  readonly isOpen?: boolean;
  readonly verdict?: Verdict;
}

interface FlowLink {
  readonly source: string;
  readonly target: string;
  readonly share: Fraction;
}

export interface Flow {
  readonly nodes: readonly FlowNode[];
  readonly links: readonly FlowLink[];
  readonly columns: readonly string[];
}

/** Clients that are alike, with what becomes of their connections: a part of all, whose weights sum to 1. */
export interface SourceGroup {
  readonly name: string;
  readonly kind: 'node' | 'zone';
  readonly detail: string;
  readonly weight: Fraction;
  readonly shares: ServiceProbability;
}

const LOST_WORDS: Readonly<Record<Verdict, string>> = {
  DELIVERED: 'Delivered',
  DROPPED: 'Dropped',
  REJECTED: 'Rejected',
  UNREACHABLE: 'Unreachable',
  UNKNOWN: 'Not known',
};

type Endpoint = ServiceProbability['endpoints'][number];

export const endpointKey = ({ address, port }: Pick<Endpoint, 'address' | 'port'>): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** The name of a pod without its namespace, or the address of an endpoint that is no pod. */
const endpointLabel = (endpoint: Endpoint) => endpoint.pod?.split('/')[1] ?? endpointKey(endpoint);

/**
 * Whether the parts sum to exactly what the whole says, endpoint by endpoint: else the picture shows the whole alone.
 */
export function addsUp(total: ServiceProbability, groups: readonly SourceGroup[]): boolean {
  const sums = new Map<string, Fraction>();
  for (const { weight, shares } of groups) {
    for (const endpoint of shares.endpoints) {
      const key = endpointKey(endpoint);
      sums.set(key, add(sums.get(key) ?? ZERO, multiply(weight, parse(endpoint.share.fraction))));
    }
  }
  return (
    total.endpoints.every((one) => equals(sums.get(endpointKey(one)) ?? ZERO, parse(one.share.fraction))) &&
    equals(sum(groups.map(({ weight }) => weight)), ONE)
  );
}

interface Leaf {
  readonly endpoint: Endpoint;
  readonly share: Fraction;
  readonly node: string;
  readonly zone: string;
}

/** The path of marks from the column of zones or nodes to the endpoint, as far as it is open. */
type Placed = readonly {
  readonly id: string;
  readonly label: string;
  readonly kind: FlowNode['kind'];
  readonly group?: string;
}[];

/** Where an endpoint stands: in its own mark, or in that of the group that is closed. */
function placing(leaves: readonly Leaf[], open: ReadonlySet<string>): (leaf: Leaf) => Placed {
  const nodes = new Set(leaves.map(({ node }) => node));
  const zones = new Set(leaves.map(({ zone }) => zone));
  const byZone = leaves.length > MOST_IN_COLUMN && nodes.size > MOST_IN_COLUMN && zones.size > 1;
  const grouped = leaves.length > MOST_IN_COLUMN;
  return ({ endpoint, node, zone }) => {
    const zoneMark = {
      id: `in ${zone}`,
      label: zone === '' ? 'no zone' : zone,
      kind: 'zone',
      group: `zone ${zone}`,
    } as const;
    const group = `node ${node}`;
    const nodeMark = { id: `on ${node}`, label: node === '' ? 'no node' : node, kind: 'node' } as const;
    const pod = { id: `to ${endpointKey(endpoint)}`, label: endpointLabel(endpoint), kind: 'pod' } as const;
    if (!grouped) return [nodeMark, pod];
    const opens = { ...nodeMark, group };
    const inside: Placed = open.has(group) ? [opens, pod] : [opens];
    if (!byZone) return inside;
    return open.has(zoneMark.group) ? [zoneMark, ...inside] : [zoneMark];
  };
}

/** Nodes and links under construction; shares of the same mark or link are added. */
class Builder {
  readonly nodes = new Map<string, FlowNode>();
  readonly links = new Map<string, FlowLink>();

  mark(node: FlowNode): string {
    const known = this.nodes.get(node.id);
    this.nodes.set(node.id, known === undefined ? node : { ...known, share: add(known.share, node.share) });
    return node.id;
  }

  link(source: string, target: string, share: Fraction): void {
    if (isZero(share)) return;
    const key = `${source} → ${target}`;
    const known = this.links.get(key);
    this.links.set(key, { source, target, share: known === undefined ? share : add(known.share, share) });
  }
}

const NO_ENDPOINT: Endpoint = { address: '', port: 0, share: { fraction: '0', value: 0, programmed: '0' } };

export interface FlowInput {
  readonly total: ServiceProbability;
  /** Empty: the clients are not distinguished. */
  readonly groups: readonly SourceGroup[];
  readonly nodes: readonly ListedNode[];
  /** Groups of endpoints that are open. */
  readonly open: ReadonlySet<string>;
  /** A flow beside which this one is seen: marks that both have are in the same order. */
  readonly beside?: Flow | undefined;
}

/** The flow's marks and links. A pure function of its input. */
export function flowOf({ total, groups, nodes, open, beside }: FlowInput): Flow {
  const zoneOf = new Map(nodes.map(({ name, zone }) => [name, zone ?? '']));
  const leafOf = (endpoint: Endpoint, share: Fraction): Leaf => ({
    endpoint,
    share,
    node: endpoint.node ?? '',
    zone: endpoint.zone ?? zoneOf.get(endpoint.node ?? '') ?? '',
  });
  const place = placing(
    total.endpoints.map((endpoint) => leafOf(endpoint, ZERO)),
    open,
  );
  const build = new Builder();
  const columns: string[] = ['clients'];
  let parent = build.mark({ id: 'clients', column: 0, label: total.clients, detail: '', kind: 'clients', share: ONE });
  const { loadBalancer } = total;
  if (loadBalancer !== undefined) {
    columns.push('load balancer');
    const balancer = build.mark({
      id: 'balancer',
      column: 1,
      label: loadBalancer.title,
      detail: `${loadBalancer.backends.length + (loadBalancer.omittedBackends ?? 0)} backends`,
      kind: 'balancer',
      share: ONE,
    });
    build.link(parent, balancer, ONE);
    parent = balancer;
  }
  const parts =
    groups.length === 0
      ? [{ source: parent, weight: ONE, shares: total }]
      : groups.map(({ name, kind, detail, weight, shares }) => {
          const source = build.mark({
            id: `from ${name}`,
            column: columns.length,
            label: name,
            detail,
            kind,
            share: weight,
          });
          build.link(parent, source, weight);
          return { source, weight, shares };
        });
  if (groups.length > 0)
    columns.push(loadBalancer === undefined && total.via !== 'NODE_PORT' ? 'client’s node' : 'entered node');
  const counts = new Map<string, number>();
  let deepest = 1;
  for (const { source, weight, shares } of parts) {
    for (const endpoint of shares.endpoints) {
      const share = multiply(weight, parse(endpoint.share.fraction));
      let before = source;
      const marks = place(leafOf(endpoint, share));
      deepest = Math.max(deepest, marks.length);
      for (const [depth, { group, ...mark }] of marks.entries()) {
        const opened = group === undefined ? {} : { group, isOpen: open.has(group) };
        const id = build.mark({ ...mark, column: columns.length + depth, detail: '', share, ...opened });
        build.link(before, id, share);
        before = id;
      }
    }
    for (const { verdict, cause, share: of } of shares.verdicts) {
      if (verdict === 'DELIVERED') continue;
      const share = multiply(weight, parse(of.fraction));
      const detail = cause === undefined ? '' : cause;
      const id = `lost ${verdict} ${detail}`;
      build.mark({ id, column: -1, label: LOST_WORDS[verdict], detail, kind: 'lost', share, verdict });
      build.link(source, id, share);
    }
  }
  for (const endpoint of total.endpoints) {
    for (const { id } of place(leafOf(endpoint, ZERO))) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const first = place(leafOf(total.endpoints[0] ?? NO_ENDPOINT, ZERO))[0]?.kind;
  const below = first === 'zone' ? ['endpoint’s zone', 'endpoint’s node', 'endpoint'] : ['endpoint’s node', 'endpoint'];
  const names = below.slice(0, deepest);
  const last = columns.length + deepest - 1;
  const marks = [...build.nodes.values()].map((node): FlowNode => {
    const count = counts.get(node.id);
    // A flow that is lost ends right behind where it dies; endpoints are in the last column.
    const column = node.kind === 'lost' ? columns.length : node.kind === 'pod' ? last : node.column;
    const isGroup = (node.kind === 'node' || node.kind === 'zone') && count !== undefined;
    return { ...node, column, ...(isGroup && count > 1 ? { detail: `${count} endpoints` } : {}) };
  });
  const links = [...build.links.values()];
  return { nodes: ordered(marks, links, beside), links, columns: [...columns, ...names] };
}

/**
 * By column; within it in the order of the flow beside it, then the larger share first, what is lost last, and groups
 * that are alike by name.
 */
function ordered(
  nodes: readonly FlowNode[],
  links: readonly FlowLink[],
  beside: Flow | undefined,
): readonly FlowNode[] {
  const given = new Map(beside?.nodes.map(({ id }, index) => [id, index]));
  const known = ({ id }: FlowNode) => given.get(id) ?? given.size;
  const rank = ({ kind }: FlowNode) => (kind === 'lost' ? 1 : 0);
  const byName = (a: FlowNode, b: FlowNode) => a.label.localeCompare(b.label, 'en', { numeric: true });
  const sorted = [...nodes].sort(
    (a, b) =>
      a.column - b.column || rank(a) - rank(b) || known(a) - known(b) || compare(b.share, a.share) || byName(a, b),
  );
  // Endpoints are beside their node, so that flows cross as little as they can.
  const place = new Map(sorted.map(({ id }, index) => [id, index]));
  const parent = new Map(links.map(({ source, target }) => [target, place.get(source) ?? 0]));
  const above = ({ id, kind }: FlowNode) => (kind === 'pod' ? (parent.get(id) ?? 0) : 0);
  return sorted.sort((a, b) => a.column - b.column || rank(a) - rank(b) || above(a) - above(b));
}
