import type { ChainData, VirtualServerData } from '../../contract/answers.js';
import { listedMembers, savedSet } from '../../netfilter/ipset-text.js';
import { statementsOf } from '../../netfilter/iptables/statements.js';
import {
  LISTING_HEAD,
  listedServer,
  printedServers,
  savedServer,
  virtualServerName,
} from '../../netfilter/ipvs/save.js';
import type { NamedSet, VirtualServer } from '../../netfilter/ipvs/types.js';
import type { Origin, Rule } from '../../netfilter/ruleset.js';
import { type IpvsProgram, listedRealServers } from '../../proxy/ipvs/program.js';
import type { NodeProgram } from '../../proxy/node-program.js';
import { type ChainBlock, type ChainText, cutTables, joinTables } from './chain-blocks.js';
import { IPTABLES_RENDERING } from './iptables-rendering.js';
import type { ByteBudget, DataBlock, Rendering, Selection } from './node-rules.js';

/** Where blocks that are no chains are: beside the tables of iptables. */
const SETS = 'ipset';
const SERVERS = 'ipvs';
const ADDRESSES = 'kube-ipvs0';

function isWanted(selection: Selection, origin: Origin | undefined): boolean {
  return selection.services === undefined || (origin !== undefined && selection.services.has(origin.service));
}

/** The sets that are wanted; of Services alone, with their own entries. */
function wantedSets(program: IpvsProgram, selection: Selection): readonly NamedSet[] {
  return program.namedSets.flatMap((set): NamedSet[] => {
    if (selection.chains !== undefined && !selection.chains.has(set.name)) return [];
    if (selection.services === undefined) return [set];
    const entries = set.entries.filter(({ origin }) => isWanted(selection, origin));
    return entries.length === 0 ? [] : [{ ...set, entries }];
  });
}

function wantedServers(program: IpvsProgram, { services, chains }: Selection): readonly VirtualServer[] {
  return program
    .virtualServers(services)
    .filter((server) => chains === undefined || chains.has(virtualServerName(server)));
}

function wantedAddresses(program: IpvsProgram, selection: Selection): readonly string[] {
  if (selection.chains !== undefined && !selection.chains.has(ADDRESSES)) return [];
  return [...program.boundAddresses].filter(([, origin]) => isWanted(selection, origin)).map(([address]) => address);
}

function setBlocks<T>(
  program: NodeProgram,
  selection: Selection,
  bodyOf: (set: NamedSet) => T,
): readonly ChainBlock<T>[] {
  return wantedSets(program as IpvsProgram, selection).map((set) => ({
    table: SETS,
    chain: set.name,
    body: bodyOf(set),
  }));
}

function serverBlocks<T>(
  program: NodeProgram,
  selection: Selection,
  bodyOf: (server: VirtualServer) => T,
): readonly ChainBlock<T>[] {
  return printedServers(wantedServers(program as IpvsProgram, selection)).map((server) => ({
    table: SERVERS,
    chain: virtualServerName(server),
    body: bodyOf(server),
  }));
}

function save(
  program: NodeProgram,
  selection: Selection,
  flavour: 'NFT' | 'LEGACY',
  budget: ByteBudget,
): readonly ChainBlock<ChainText>[] {
  const text = (rules: string): ChainText => {
    budget.spend(rules.length);
    return { declaration: '', rules };
  };
  return [
    ...IPTABLES_RENDERING.save(program, selection, flavour, budget),
    ...setBlocks(program, selection, (set) => text(savedSet(set, program.family))),
    ...serverBlocks(program, selection, (server) => text(savedServer(server))),
  ];
}

/** What each of several commands prints, with a line before it that says which. */
function sections(parts: readonly (readonly [command: string, text: string])[]): string {
  return parts
    .filter(([, text]) => text !== '')
    .map(([command, text]) => `# ${command}\n${text}`)
    .join('');
}

const of = <T>(blocks: readonly ChainBlock<T>[], ...tables: readonly string[]) =>
  blocks.filter(({ table }) => tables.includes(table));

function joinSaved(blocks: readonly ChainBlock<ChainText>[], { family }: NodeProgram): string {
  const chains = blocks.filter(({ table }) => table !== SETS && table !== SERVERS);
  const text = (table: string) =>
    of(blocks, table)
      .map(({ body }) => body.rules)
      .join('');
  return sections([
    [family === 'IPv4' ? 'iptables-save' : 'ip6tables-save', joinTables(chains)],
    ['ipset save', text(SETS)],
    ['ipvsadm -S -n', text(SERVERS)],
  ]);
}

/** How many rules name each set. */
function references(program: NodeProgram, { ipMasq }: Selection): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const { tables } = program.ruleset({ kubelet: false, forwardPolicy: 'ACCEPT', ipMasq });
  for (const table of tables) {
    for (const chain of table.chains()) {
      for (const rule of chain.rules) {
        for (const statement of statementsOf(rule))
          if (statement.kind === 'set') counts.set(statement.name, (counts.get(statement.name) ?? 0) + 1);
      }
    }
  }
  return counts;
}

function list(program: NodeProgram, selection: Selection, budget: ByteBudget): readonly ChainBlock<string>[] {
  const counts = references(program, selection);
  const spent = (text: string) => {
    budget.spend(text.length);
    return text;
  };
  return [
    ...serverBlocks(program, selection, (server) => spent(listedServer(server))),
    ...setBlocks(program, selection, (set) => spent(listedMembers(set, program.family, counts.get(set.name) ?? 0))),
    ...IPTABLES_RENDERING.list(program, selection, budget),
  ];
}

function joinListed(blocks: readonly ChainBlock<string>[], { family }: NodeProgram): string {
  const bodies = (table: string) => of(blocks, table).map(({ body }) => body);
  const servers = bodies(SERVERS);
  const command = family === 'IPv4' ? 'iptables' : 'ip6tables';
  return sections([
    ['ipvsadm -Ln', servers.length === 0 ? '' : LISTING_HEAD + servers.join('')],
    ['ipset list', bodies(SETS).join('\n')],
    [`${command} -t nat -L -n`, bodies('nat').join('\n')],
    [`${command} -L -n`, bodies('filter').join('\n')],
  ]);
}

function serverData(server: VirtualServer): VirtualServerData {
  const { address, port, protocol, scheduler, flags, timeout } = server;
  const realServers = listedRealServers(server).map((real) => ({
    address: real.address,
    port: real.port,
    weight: real.weight,
  }));
  return { address, port, protocol, scheduler, flags, timeout, realServers };
}

function data(program: NodeProgram, selection: Selection, budget: ByteBudget): readonly DataBlock[] {
  const spent = <T>(body: T): T => {
    budget.spend(JSON.stringify(body).length);
    return body;
  };
  const ipvs = program as IpvsProgram;
  const addresses = wantedAddresses(ipvs, selection);
  const servers = wantedServers(ipvs, selection).map((server) => ({
    table: SERVERS,
    chain: virtualServerName(server),
    body: spent({ virtualServer: serverData(server) }),
  }));
  return [
    ...(IPTABLES_RENDERING.data(program, selection, budget) as readonly ChainBlock<ChainData>[]),
    ...(addresses.length === 0
      ? []
      : [{ table: ADDRESSES, chain: ADDRESSES, body: spent({ boundAddresses: addresses }) }]),
    ...setBlocks(program, selection, (set) => spent({ ipset: set.entries.map(({ text }) => text) })),
    ...servers,
  ];
}

/** Rules; entries of sets and real servers as rules of the set or virtual server that they are in. */
function rules(program: NodeProgram, selection: Selection): readonly ChainBlock<readonly Rule[]>[] {
  return [
    ...IPTABLES_RENDERING.rules(program, selection),
    ...setBlocks(program, selection, ({ name, entries }) =>
      entries.map(({ text, origin }): Rule => ({ chain: name, statements: [], text, ...(origin && { origin }) })),
    ),
    ...serverBlocks(program, selection, (server) => {
      const chain = virtualServerName(server);
      const lines = savedServer(server).trimEnd().split('\n');
      return lines.map((text): Rule => {
        const [, endpoint] = /^-a .* -r (\S+) /.exec(text) ?? [];
        const origin = server.origin && { ...server.origin, ...(endpoint === undefined ? {} : { endpoint }) };
        return { chain, statements: [], text, ...(origin && { origin }) };
      });
    }),
  ];
}

/** Rules of iptables with sets and virtual servers beside them. */
export const IPVS_RENDERING: Rendering = {
  cut: cutTables,
  join: joinTables,
  save,
  joinSaved,
  list,
  joinListed,
  data,
  rules,
};
