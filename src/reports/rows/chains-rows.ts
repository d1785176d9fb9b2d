import { joinHostPort } from '../../base/address.js';
import type { Answer, ChainsPart, ChainsResult } from '../../contract/answers.js';
import { type Row, type RowForm, row, SERVICE_COLUMNS, serviceCells } from './row.js';

const COLUMNS = [
  'family',
  'mode',
  'version',
  'nodes',
  'shared',
  'table',
  'chain',
  'position',
  'rule',
  ...SERVICE_COLUMNS,
  'endpoint',
  'chance',
  'value',
] as const;

type Cells = Parameters<typeof row>[1];

/** What a text of several commands' output has of each; text before the first line that says which is that of ''. */
function sectionsOf(text: string): readonly (readonly [command: string, text: string])[] {
  const sections: [string, string[]][] = [['', []]];
  for (const line of text.split('\n')) {
    const [, command] = /^# (ip6?tables(?:-save| .*)|ipset .*|ipvsadm .*)$/.exec(line) ?? [];
    if (command === undefined) sections.at(-1)?.[1].push(line);
    else sections.push([command, []]);
  }
  return sections.map(([command, lines]) => [command, lines.join('\n')]);
}

/** The entries of sets as `ipset save` prints them. */
function entriesOfSets(text: string): Cells[] {
  const entries = [...text.matchAll(/^add (\S+) (.+)$/gm)];
  return entries.map(([, chain, rule]) => ({ table: 'ipset', chain, rule }));
}

/** The members of sets as `ipset list` prints them. */
function membersOfSets(text: string): Cells[] {
  return text.split(/^Name: /m).flatMap((set) => {
    const [name = '', ...lines] = set.split('\n');
    const members = lines.slice(lines.indexOf('Members:') + 1).filter((line) => line !== '');
    return members.map((rule): Cells => ({ table: 'ipset', chain: name, rule }));
  });
}

/** Real servers as `ipvsadm -S` and `ipvsadm -L` print them, each below its virtual server. */
function realServers(text: string): Cells[] {
  const rows: Cells[] = [];
  let chain = '';
  for (const line of text.split('\n')) {
    const saved = /^-A (-t|-u|--sctp-service) (\S+)/.exec(line);
    const listed = /^(TCP|UDP|SCTP) +(\S+)/.exec(line);
    if (saved !== null) chain = `${{ '-t': 'TCP', '-u': 'UDP' }[saved[1] as string] ?? 'SCTP'} ${saved[2]}`;
    else if (listed !== null) chain = `${listed[1]} ${listed[2]}`;
    else if (/^-a |^ {2}-> (?!RemoteAddress)/.test(line)) rows.push({ table: 'ipvs', chain, rule: line.trim() });
  }
  return rows;
}

/** The rules of a text as `iptables-restore` and `iptables-save` have it. */
function rulesOfRestore(text: string): Cells[] {
  const rules: Cells[] = [];
  const counts = new Map<string, number>();
  let table = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      table = line.slice(1);
      counts.clear();
    }
    const chain = /^-A (\S+)/.exec(line)?.[1];
    if (chain === undefined) continue;
    const position = (counts.get(chain) ?? 0) + 1;
    counts.set(chain, position);
    rules.push({ table, chain, position, rule: line });
  }
  return rules;
}

/** The rules of a listing: each chain has a line with its name, and one with the titles of the columns. */
function rulesOfListing(text: string): Cells[] {
  const rules: Cells[] = [];
  let chain = '';
  let position = -1;
  for (const line of text.split('\n')) {
    const name = /^Chain (\S+) \(/.exec(line)?.[1];
    if (name !== undefined) {
      chain = name;
      position = -1;
    } else if (line !== '') {
      position++;
      if (position > 0) rules.push({ chain, position, rule: line });
    }
  }
  return rules;
}

function rulesOf(part: ChainsPart, format: ChainsResult['format']): Cells[] {
  if (part.tables === undefined) {
    return sectionsOf(part.text ?? '').flatMap(([command, text]) => {
      if (command.startsWith('ipvsadm')) return realServers(text);
      if (command === 'ipset list') return membersOfSets(text);
      if (command.startsWith('ipset')) return entriesOfSets(text);
      return format === 'LIST' ? rulesOfListing(text) : rulesOfRestore(text);
    });
  }
  const { ipsets = {}, virtualServers = [] } = part;
  const entries = Object.entries(ipsets).flatMap(([chain, all]) =>
    (all as readonly string[]).map((rule): Cells => ({ table: 'ipset', chain, rule })),
  );
  const servers = virtualServers.flatMap(({ protocol, address, port, scheduler, realServers: behind }) =>
    behind.map((real): Cells => {
      const endpoint = joinHostPort(real.address, real.port);
      const chain = `${protocol} ${joinHostPort(address, port)}`;
      return { table: 'ipvs', chain, rule: `${scheduler} ${endpoint} weight ${real.weight}`, endpoint };
    }),
  );
  const rules = part.tables.flatMap(({ name: table, chains }) =>
    chains.flatMap(({ name: chain, rules }) =>
      rules.map(({ text, position, service, endpoint, chance }) => ({
        table,
        chain,
        position,
        rule: text,
        ...serviceCells(service),
        endpoint,
        chance: chance?.nominal,
        value: chance?.value,
      })),
    ),
  );
  return [...rules, ...entries, ...servers];
}

function rows({ result }: Answer<ChainsResult>): readonly Row[] {
  return result.parts.flatMap((part) => {
    const { family, mode, version, shared } = part;
    const about = { family, mode, version, nodes: part.nodes.join(','), shared };
    return rulesOf(part, result.format).map((rule) => row(COLUMNS, { ...about, ...rule }));
  });
}

/** One row per rule, entry of a set and real server. Service, endpoint and chance are known of the format RULES. */
export const chainsRows: RowForm<Answer<ChainsResult>> = { columns: COLUMNS, rows };
