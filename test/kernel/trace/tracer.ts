import type { IPFamily } from '../../../src/base/address.js';
import { inFamily } from '../plant/families.js';
import { nodeName, numbers } from '../plant/layout.js';
import type { Plant } from '../plant/plant.js';
import { type Flavour, restoreCommand } from '../sandbox/missing.js';
import type { ReadTrace, TraceEntry } from './entry.js';
import { LEGACY_WATCH, readLegacyTrace } from './legacy.js';
import {
  listedByHandle,
  NFT_LIST,
  NFT_LIST_STATELESS,
  NFT_WATCH,
  rawTable,
  readNftTrace,
  rulesByHandle,
  withoutRaw,
} from './nft.js';
import { rulesByChain } from './rule-numbers.js';

/** Datagrams to these ports of a node's loopback: once one is reported, all before it are. */
const FIRST_SENTINEL = 50_000;
const LAST_SENTINEL = 59_999;

/** A new connection's first packet, its answer, and every datagram, in either direction. */
const TRACED = ['-p tcp -m tcp --tcp-flags FIN,SYN,RST SYN', '-p udp'];

const RAW = ['PREROUTING', 'OUTPUT']
  .flatMap((chain) => TRACED.map((match) => `-A ${chain} ${match} -j TRACE\n`))
  .join('');

/** The rules that the kernel reports for one flow, by node, in their order. */
export interface KernelTrace {
  readonly forward: ReadonlyMap<string, readonly TraceEntry[]>;
  readonly reply: ReadonlyMap<string, readonly TraceEntry[]>;
  /** Whether a first packet was sent twice, as a client does that waits too long. */
  readonly repeated: boolean;
}

/** Whose rules are traced: iptables' of a flavour, or those of kube-proxy in nftables mode, in tables of its own. */
export type TraceOf = Flavour | 'NFTABLES';

let lastSentinel = FIRST_SENTINEL;

function nextSentinel(): number {
  lastSentinel = lastSentinel === LAST_SENTINEL ? FIRST_SENTINEL : lastSentinel + 1;
  return lastSentinel;
}

/** The entries of one direction by pass through a host: raw's hook is the first of each. */
function passes(entries: readonly TraceEntry[]): readonly (readonly TraceEntry[])[] {
  const found: TraceEntry[][] = [];
  let before = '';
  for (const entry of entries) {
    if (found.length === 0 || (entry.table === 'raw' && before !== 'raw')) found.push([]);
    found.at(-1)?.push(entry);
    before = entry.table;
  }
  return found;
}

/** The kernel's own trace of flows through the first nodes of a plant, one flow at a time. */
export class Tracer {
  readonly #plant: Plant;
  readonly #flavour: TraceOf;
  readonly #family: IPFamily;
  readonly #nodes: readonly string[];
  /** What a node reported beyond the end of what could be read. */
  readonly #rest = new Map<string, Buffer>();
  readonly #readers = new Map<string, (shown: Buffer) => ReadTrace>();

  private constructor(plant: Plant, flavour: TraceOf, family: IPFamily, nodes: number) {
    this.#plant = plant;
    this.#flavour = flavour;
    this.#family = family;
    this.#nodes = numbers(nodes).map(nodeName);
  }

  /** Starts to watch nodes whose rules are loaded; they must stay as they are. */
  static async start(plant: Plant, flavour: TraceOf, family: IPFamily, nodes: number): Promise<Tracer> {
    const tracer = new Tracer(plant, flavour, family, nodes);
    await Promise.all(
      tracer.#nodes.map(async (node) => {
        const agent = plant.agent(node);
        if (flavour === 'NFTABLES') {
          await agent.must(['nft', '-f', '-'], rawTable(family));
          const handles = listedByHandle(await agent.must(NFT_LIST_STATELESS), family);
          tracer.#readers.set(node, (shown) => readNftTrace(shown, handles));
          await agent.watch(NFT_WATCH);
          return;
        }
        await agent.must([restoreCommand(flavour, family), '--noflush'], `*raw\n-F\n${RAW}COMMIT\n`);
        const rules = rulesByChain(await agent.must([restoreCommand(flavour, family).replace('restore', 'save')]));
        if (flavour === 'LEGACY') {
          await agent.sysctl({ [`net/netfilter/nf_log/${family === 'IPv4' ? 2 : 10}`]: 'nfnetlink_log' });
          tracer.#readers.set(node, (shown) => readLegacyTrace(shown, rules));
        } else {
          const byHandle = rulesByHandle(await agent.must(NFT_LIST), family, rules);
          tracer.#readers.set(node, (shown) => readNftTrace(shown, byHandle));
        }
        await agent.watch(flavour === 'NFT' ? NFT_WATCH : LEGACY_WATCH);
      }),
    );
    await tracer.#shown();
    return tracer;
  }

  async #shown(): Promise<ReadonlyMap<string, readonly TraceEntry[]>> {
    const byNode = await Promise.all(
      this.#nodes.map(async (node) => {
        const port = nextSentinel();
        const shown = await this.#plant.agent(node).watched({
          address: inFamily(this.#family, '127.0.0.1'),
          port,
          payload: `sentinel-${port}.`,
          needle: this.#flavour !== 'LEGACY' ? ` udp dport ${port} ` : `sentinel-${port}.`,
        });
        const all = Buffer.concat([this.#rest.get(node) ?? Buffer.alloc(0), shown]);
        const { entries, rest } = this.#readers.get(node)?.(all) ?? { entries: [], rest: all };
        this.#rest.set(node, rest);
        const sentinel = (entry: TraceEntry) => entry.loopback && entry.destinationPort >= FIRST_SENTINEL;
        return [node, entries.filter((entry) => entry.protocol !== 'OTHER' && !sentinel(entry))] as const;
      }),
    );
    return new Map(byNode);
  }

  /**
   * What the kernel reports of a flow: nothing else may be sent meanwhile.
   *
   * @param serverPorts where the flow's server listens, and where the client thinks it does: datagrams from there are
   * answers
   */
  async follow(flow: () => Promise<unknown>, serverPorts: readonly number[]): Promise<KernelTrace> {
    await this.#shown();
    await flow();
    const shown = await this.#shown();
    const answers = (entry: TraceEntry) =>
      entry.protocol === 'TCP'
        ? entry.acknowledges
        : serverPorts.includes(entry.sourcePort) && !serverPorts.includes(entry.destinationPort);
    // The first hook of each pass is raw's, whose only rules are the trace's own.
    const rules = (entries: readonly TraceEntry[]) =>
      entries.filter((entry) => entry.table !== 'raw' && entry.rule !== undefined);
    const all = [...shown.values()].flat();
    // A server whose answer was lost sends it again later, when the next flow is under way.
    const ports = new Set(all.filter((entry) => !answers(entry)).map((entry) => entry.sourcePort));
    const ofThisFlow = (pass: readonly TraceEntry[]) => pass.some((entry) => ports.has(entry.destinationPort));
    const forward = new Map(
      [...shown].map(([node, entries]) => [node, rules(entries.filter((each) => !answers(each)))]),
    );
    const reply = new Map(
      [...shown].map(([node, entries]) => [node, rules(passes(entries.filter(answers)).filter(ofThisFlow).flat())]),
    );
    const starts = [...shown].map(([node, entries]) => {
      const raws = entries.filter((entry) => entry.table === 'raw' && entry.chain === 'PREROUTING' && !answers(entry));
      const ports = raws.map((entry) => `${node} ${entry.sourcePort} ${entry.destinationPort} ${entry.rule}`);
      return new Set(ports).size < ports.length;
    });
    return { forward, reply, repeated: starts.some(Boolean) };
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#nodes.map(async (node) => {
        const agent = this.#plant.agent(node);
        await agent.watch([]);
        if (this.#flavour === 'NFTABLES') await agent.must(['nft', '-f', '-'], withoutRaw(this.#family));
        else await agent.must([restoreCommand(this.#flavour, this.#family), '--noflush'], '*raw\n-F\nCOMMIT\n');
      }),
    );
  }
}
