/**
 * Chains as a graph, out of `chains` in the format RULES: a chain leads to those that its rules jump to, with the
 * chance of a random rule on the way. It reads what every mode has in common: statements that name a chain.
 */
import type { ChainsResult, Rule } from '../api/types.js';

type Part = ChainsResult['parts'][number];

export interface ChainNode {
  readonly id: string;
  readonly name: string;
  readonly detail: string;
  readonly kind: 'entry' | 'chain' | 'endpoint' | 'map' | 'server' | 'more';
  /** Verbatim. */
  readonly rules: readonly string[];
}

interface ChainEdge {
  readonly source: string;
  readonly target: string;
  /** The chance, where it is random. */
  readonly label: string;
}

export interface ChainGraph {
  readonly nodes: readonly ChainNode[];
  readonly edges: readonly ChainEdge[];
}

/** More targets of one chain than this are one node, which lists them. */
const MOST_TARGETS = 12;

/** Every chain that a rule leads to, with the chance that its own statement gives. */
function targetsOf(rule: Rule): readonly { readonly chain: string; readonly chance: string }[] {
  const found: { chain: string; chance: string }[] = [];
  const look = (value: unknown, chance: string): void => {
    if (Array.isArray(value)) {
      for (const one of value) look(one, chance);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const fields = value as Readonly<Record<string, unknown>>;
    if (typeof fields.chain === 'string') found.push({ chain: fields.chain, chance });
    const { modulus } = Object(fields.key) as { readonly modulus?: unknown };
    const inside = typeof modulus === 'number' && modulus > 1 ? `1/${modulus}` : chance;
    for (const one of Object.values(fields)) look(one, inside);
  };
  look(rule.statements, rule.chance?.nominal ?? '');
  return found;
}

/** The chain of one endpoint, as each mode names it. */
const isEndpoint = (name: string) => /^(KUBE-SEP-|endpoint-)/.test(name);

function detailOf(rules: readonly Rule[], kind: ChainNode['kind']): string {
  const endpoint = rules.find((rule) => rule.endpoint !== undefined)?.endpoint;
  if (kind === 'endpoint' && endpoint !== undefined) return endpoint;
  const word = kind === 'map' ? 'element' : 'rule';
  return `${rules.length} ${word}${rules.length === 1 ? '' : 's'}`;
}

/** The graph of a part's chains. A pure function. */
function graphOfTables({ tables = [] }: Part): ChainGraph {
  const nodes = new Map<string, ChainNode>();
  const edges = new Map<string, ChainEdge>();
  for (const table of tables) {
    for (const chain of table.chains) {
      const { name, hook, rules } = chain;
      const kind =
        hook !== undefined || /^KUBE-(SERVICES|NODEPORTS|EXTERNAL-SERVICES)$/.test(name)
          ? 'entry'
          : name.startsWith('@')
            ? 'map'
            : isEndpoint(name)
              ? 'endpoint'
              : 'chain';
      const id = `${table.name} ${name}`;
      nodes.set(id, { id, name, kind, detail: detailOf(rules, kind), rules: rules.map(({ text }) => text) });
    }
  }
  for (const table of tables) {
    for (const { name, rules } of table.chains) {
      for (const rule of rules) {
        for (const { chain, chance } of targetsOf(rule)) {
          const [source, target] = [`${table.name} ${name}`, `${table.name} ${chain}`];
          if (!nodes.has(target)) continue;
          const key = `${source} → ${target}`;
          if (!edges.has(key)) edges.set(key, { source, target, label: chance });
        }
      }
    }
  }
  return { nodes: [...nodes.values()], edges: withRest([...edges.values()], nodes) };
}

/** The last of a chain's random ways takes what the others leave. */
function withRest(edges: readonly ChainEdge[], nodes: ReadonlyMap<string, ChainNode>): readonly ChainEdge[] {
  const random = new Set(edges.flatMap(({ source, label }) => (label === '' ? [] : [source])));
  return edges.map((edge) =>
    edge.label === '' && random.has(edge.source) && nodes.get(edge.target)?.kind === 'endpoint'
      ? { ...edge, label: 'rest' }
      : edge,
  );
}

/** Virtual servers of IPVS, each with its real servers. */
function graphOfServers({ virtualServers = [] }: Part): ChainGraph {
  const nodes: ChainNode[] = [];
  const edges: ChainEdge[] = [];
  const place = (address: string, port: number) =>
    address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const real = new Map<string, ChainNode>();
  for (const { address, port, protocol, scheduler, realServers } of virtualServers) {
    const [flag, name] = [protocol === 'UDP' ? '-u' : '-t', place(address, port)];
    const id = `virtual ${protocol} ${name}`;
    const lines = realServers.map((one) => `-a ${flag} ${name} -r ${place(one.address, one.port)} -m -w ${one.weight}`);
    nodes.push({
      id,
      name,
      kind: 'server',
      detail: `${protocol} ${scheduler}`,
      rules: [`-A ${flag} ${name} -s ${scheduler}`, ...lines],
    });
    for (const one of realServers) {
      const target = `real ${place(one.address, one.port)}`;
      real.set(target, {
        id: target,
        name: place(one.address, one.port),
        kind: 'endpoint',
        detail: 'real server',
        rules: [],
      });
      edges.push({ source: id, target, label: `weight ${one.weight}` });
    }
  }
  return { nodes: [...nodes, ...real.values()], edges };
}

/** Targets that only one chain leads to, of which there are too many to draw, as one node. */
function folded({ nodes, edges }: ChainGraph): ChainGraph {
  const incoming = new Map<string, number>();
  for (const { target } of edges) incoming.set(target, (incoming.get(target) ?? 0) + 1);
  const leads = new Set(edges.map(({ source }) => source));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const gone = new Set<string>();
  const more: ChainNode[] = [];
  const added: ChainEdge[] = [];
  const bySource = new Map<string, ChainEdge[]>();
  for (const edge of edges) bySource.set(edge.source, [...(bySource.get(edge.source) ?? []), edge]);
  for (const [source, all] of bySource) {
    const ends = all.filter(
      ({ target }) => byId.get(target)?.kind === 'endpoint' && isLeaf(target, edges, leads, byId),
    );
    if (ends.length <= MOST_TARGETS) continue;
    const id = `more ${source}`;
    const targets = ends.flatMap(({ target }) => byId.get(target) ?? []);
    for (const { target } of ends) gone.add(target);
    more.push({
      id,
      name: `${targets.length} endpoints`,
      detail: 'each a chain of its own',
      kind: 'more',
      rules: targets.flatMap(({ name, rules }) => (rules.length > 0 ? rules : [name])),
    });
    added.push({ source, target: id, label: '' });
  }
  const others = edges.filter(({ source, target }) => !gone.has(source) && !gone.has(target));
  return { nodes: [...nodes.filter(({ id }) => !gone.has(id)), ...more], edges: [...others, ...added] };
}

/** Whether a chain leads nowhere but to the one that marks packets. */
function isLeaf(
  id: string,
  edges: readonly ChainEdge[],
  leads: ReadonlySet<string>,
  byId: ReadonlyMap<string, ChainNode>,
): boolean {
  if (!leads.has(id)) return true;
  // Every endpoint's chain may jump to the chain that marks; that is no way on.
  const first = edges.find(({ source }) => source === id);
  return /mark/i.test(byId.get(first?.target ?? '')?.name ?? '');
}

/** Chains that are drawn: what marks packets is led to by all, and says nothing here. */
function withoutMarks({ nodes, edges }: ChainGraph): ChainGraph {
  const isMark = ({ name }: ChainNode) => /^(KUBE-MARK-|mark-for-)/.test(name);
  const gone = new Set(nodes.filter(isMark).map(({ id }) => id));
  const kept = edges.filter(({ source, target }) => !gone.has(source) && !gone.has(target));
  const linked = new Set(kept.flatMap(({ source, target }) => [source, target]));
  const shown = nodes.filter(({ id, rules }) => !gone.has(id) && (linked.has(id) || rules.length > 0));
  return { nodes: shown, edges: kept };
}

export function chainGraph(part: Part): ChainGraph {
  const servers = graphOfServers(part);
  const tables = withoutMarks(graphOfTables(part));
  return folded(servers.nodes.length > 0 ? servers : tables);
}
