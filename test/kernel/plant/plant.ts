import { spawn } from 'node:child_process';
import type { IPFamily } from '../../../src/base/address.js';
import { bridgesMeetRules, type Flavour, restoreCommand } from '../sandbox/missing.js';
import { Agent } from './agent.js';
import { FAMILIES, inFamily } from './families.js';
import {
  balanceLine,
  hairpinLines,
  linesInIPv6,
  links,
  namespaceOf,
  nodeLines,
  nodeLinesOfIPv6,
  nodeName,
  numbers,
  outsideLines,
  ownLine,
  type PlantOptions,
  podLines,
} from './layout.js';
import type { Listener } from './protocol.js';

const PORTS: readonly Listener[] = [{ port: 8080 }, { port: 8081 }];

/** Takes away the rules of one flavour when the other's come. */
const NO_RULES = ['filter', 'nat']
  .map((table) => `*${table}\n-F\n-X\n:OUTPUT ACCEPT\n${table === 'filter' ? ':FORWARD ACCEPT\n' : ''}COMMIT\n`)
  .join('');

/** What a node is given before connections are opened. */
export interface NodeState {
  /** Input for iptables-restore --noflush and for ip6tables-restore, of the families that the cluster has. */
  readonly rules: Readonly<Partial<Record<IPFamily, string>>>;
  /** Input for `nft -f -` of nodes whose kube-proxy is in nftables mode: the table kube-proxy of each family. */
  readonly nft?: Readonly<Partial<Record<IPFamily, string>>>;
  readonly routeLocalnet: boolean;
  readonly tcpBeLiberal: boolean;
  readonly hairpin: boolean;
  /** What listens on the host, beside nothing. */
  readonly tcp: readonly Listener[];
  readonly udp: readonly Listener[];
}

function ip(lines: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('ip', ['-batch', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => (status === 0 ? resolve() : reject(new Error(`ip -batch: ${stderr}`))));
    child.stdin.end(`${lines.join('\n')}\n`);
  });
}

/** Hosts as network namespaces, each with its agent, on one wire. */
export class Plant {
  readonly options: PlantOptions;
  readonly #agents = new Map<string, Agent>();
  readonly #hairpin = new Map<number, boolean>();
  readonly #flavour = new Map<number, Flavour>();
  /** Nodes and families that have a table kube-proxy of nftables, and its sets of clients. */
  readonly #clientSets = new Map<string, readonly string[]>();

  private constructor(options: PlantOptions) {
    this.options = options;
  }

  /** Makes the namespaces of a sandbox; every pod listens on TCP and UDP ports 8080 and 8081 at once. */
  static async build(options: PlantOptions): Promise<Plant> {
    if (options.podNetwork === 'BRIDGE' && !bridgesMeetRules()) throw new Error('no br_netfilter');
    const plant = new Plant(options);
    try {
      await plant.#build();
    } catch (error) {
      await plant.close();
      throw error;
    }
    return plant;
  }

  async #build(): Promise<void> {
    const { options } = this;
    await ip(links(options));
    const start = async (
      host: string,
      lines: readonly string[],
      sysctls: Readonly<Record<string, string>>,
      ofIPv6: readonly string[] = [],
    ) => {
      const agent = new Agent(namespaceOf(options, host), host);
      this.#agents.set(host, agent);
      await agent.sysctl({
        'net/ipv6/conf/*/accept_dad': '0',
        'net/ipv6/conf/*/router_solicitations': '0',
        'net/ipv6/conf/*/accept_ra': '0',
        'net/ipv6/icmp/ratelimit': '0',
      });
      await agent.must(['ip', '-batch', '-'], `${lines.join('\n')}\n`);
      await agent.must(['ip', '-6', '-batch', '-'], `${[...linesInIPv6(lines), ...ofIPv6].join('\n')}\n`);
      await agent.sysctl({
        'net/ipv4/conf/*/rp_filter': '0',
        // There is no sysctl against sending these in IPv6.
        'net/ipv6/conf/*/accept_redirects': '0',
        ...sysctls,
      });
      return agent;
    };
    const router = {
      'net/ipv4/ip_forward': '1',
      'net/ipv4/conf/*/send_redirects': '0',
      // Every refused connection is to be reported, not the first few of a second.
      'net/ipv4/icmp_ratelimit': '0',
      'net/ipv4/icmp_ratemask': '0',
      'net/ipv6/conf/all/forwarding': '1',
      'net/bridge/bridge-nf-call-iptables': '1',
      'net/bridge/bridge-nf-call-ip6tables': '1',
      ...(options.podNetwork === 'ROUTED'
        ? { 'net/ipv4/conf/*/proxy_arp': '1', 'net/ipv4/neigh/*/proxy_delay': '0' }
        : {}),
    };
    await Promise.all([
      // Any address of its ranges may be bound: IPv4 needs nothing for that.
      start('outside', outsideLines(options), {
        'net/ipv4/ip_forward': '0',
        'net/ipv6/ip_nonlocal_bind': '1',
        'net/ipv4/fib_multipath_hash_policy': '1',
        'net/ipv6/fib_multipath_hash_policy': '1',
      }),
      ...numbers(options.nodes).map((node) =>
        start(nodeName(node), nodeLines(options, node), router, nodeLinesOfIPv6(options, node)),
      ),
      ...options.pods.map(async (pod) => {
        const agent = await start(pod.name, podLines(options, pod), {});
        await agent.listen(
          PORTS,
          FAMILIES.flatMap((family) => PORTS.map(({ port }) => ({ port, address: inFamily(family, pod.address) }))),
        );
      }),
    ]);
    if (options.podNetwork === 'ROUTED') {
      // eth0 answers for the node alone: other hosts are on the same wire.
      await Promise.all(
        this.#eachNode((_, agent) =>
          agent.sysctl({ 'net/ipv4/conf/eth0/proxy_arp': '0', 'net/ipv4/conf/all/proxy_arp': '0' }),
        ),
      );
    }
    await this.#warmUp();
  }

  #eachNode<T>(act: (node: number, agent: Agent) => Promise<T>): Promise<T>[] {
    return numbers(this.options.nodes).map((node) => act(node, this.agent(nodeName(node))));
  }

  /** Waits until every host reaches every pod: the first packets have to find the way. */
  async #warmUp(): Promise<void> {
    const flows = FAMILIES.flatMap((family) =>
      this.options.pods.map(
        ({ address }) =>
          ({ protocol: 'TCP', address: inFamily(family, address), port: 8080, timeout: 10_000 }) as const,
      ),
    );
    const seen = await Promise.all([...this.#agents.values()].map((agent) => agent.connect(flows)));
    const lost = seen.flat().find((observed) => !observed.startsWith('CONNECTED'));
    if (lost !== undefined) throw new Error(`the plant's hosts do not reach each other: ${lost}`);
  }

  /** By host: `namespace/name` of a pod, `node-N`, or `outside`. */
  agent(host: string): Agent {
    const agent = this.#agents.get(host);
    if (agent === undefined) throw new Error(`the plant has no host ${host}`);
    return agent;
  }

  /** Gives the first nodes their rules and settings. */
  async program(flavour: Flavour, states: readonly NodeState[]): Promise<void> {
    await Promise.all(
      this.#eachNode(async (node, agent) => {
        const state = states[node - 1];
        if (state === undefined) return;
        await agent.listen(state.tcp, state.udp);
        await agent.sysctl({
          'net/ipv4/conf/all/route_localnet': state.routeLocalnet ? '1' : '0',
          'net/netfilter/nf_conntrack_tcp_be_liberal': state.tcpBeLiberal ? '1' : '0',
        });
        if (this.options.podNetwork === 'BRIDGE' && (this.#hairpin.get(node) ?? true) !== state.hairpin) {
          await agent.must(['ip', '-batch', '-'], `${hairpinLines(this.options, node, state.hairpin).join('\n')}\n`);
          this.#hairpin.set(node, state.hairpin);
        }
        const last = this.#flavour.get(node) ?? flavour;
        for (const family of FAMILIES) {
          if (last !== flavour) await agent.must([restoreCommand(last, family), '--noflush'], NO_RULES);
          const rules = state.rules[family];
          if (rules !== undefined)
            await agent.must([restoreCommand(flavour, family), '--noflush', '--counters'], rules);
          await this.#loadNft(node, agent, family, state.nft?.[family]);
        }
        this.#flavour.set(node, flavour);
      }),
    );
  }

  /** Puts a table kube-proxy in the place of the one that a node has, or takes that away. */
  async #loadNft(node: number, agent: Agent, family: IPFamily, text: string | undefined): Promise<void> {
    const key = `${node} ${family}`;
    if (text === undefined && !this.#clientSets.has(key)) return;
    const table = `${family === 'IPv4' ? 'ip' : 'ip6'} kube-proxy`;
    await agent.must(['nft', '-f', '-'], `add table ${table}\ndelete table ${table}\n${text ?? ''}`);
    if (text === undefined) this.#clientSets.delete(key);
    else
      this.#clientSets.set(
        key,
        [...text.matchAll(/^add set (\S+ \S+ affinity-\S+)/gm)].map(([, set = '']) => set),
      );
  }

  /** Spreads what outside clients send to an address over nodes, as a load balancer that keeps headers does. */
  async balance(address: string, nodes: readonly number[], family: IPFamily): Promise<void> {
    const flag = family === 'IPv4' ? '-4' : '-6';
    await this.agent('outside').must(['ip', flag, '-batch', '-'], `${balanceLine(address, nodes, family)}\n`);
  }

  /** Whether an address is local on the nodes. */
  async own(address: string, own: boolean, family: IPFamily): Promise<void> {
    const flag = family === 'IPv4' ? '-4' : '-6';
    const line = `${ownLine(address, own, family)}\n`;
    await Promise.all(this.#eachNode((_, agent) => agent.must(['ip', flag, '-batch', '-'], line)));
  }

  /** Has all nodes forget which clients were where (session affinity); whether that is possible. */
  async forgetClients(): Promise<boolean> {
    const forgotten = await Promise.all(
      this.#eachNode(async (node, agent) => {
        const sets = FAMILIES.flatMap((family) => this.#clientSets.get(`${node} ${family}`) ?? []);
        if (sets.length > 0) await agent.must(['nft', '-f', '-'], sets.map((set) => `flush set ${set}\n`).join(''));
        return await agent.forgetClients();
      }),
    );
    return forgotten.every(Boolean);
  }

  /** Ends every process of the plant. */
  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.close()));
  }
}
