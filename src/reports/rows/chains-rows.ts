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
    const text = part.text ?? '';
    return format === 'LIST' ? rulesOfListing(text) : rulesOfRestore(text);
  }
  return part.tables.flatMap(({ name: table, chains }) =>
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
}

function rows({ result }: Answer<ChainsResult>): readonly Row[] {
  return result.parts.flatMap((part) => {
    const { family, mode, version, shared } = part;
    const about = { family, mode, version, nodes: part.nodes.join(','), shared };
    return rulesOf(part, result.format).map((rule) => row(COLUMNS, { ...about, ...rule }));
  });
}

/** One row per rule. Service, endpoint and chance are known of the format RULES. */
export const chainsRows: RowForm<Answer<ChainsResult>> = { columns: COLUMNS, rows };
