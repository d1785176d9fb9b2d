import { utf8Length } from '#platform';
import { joinHostPort } from '../base/address.js';
import type { Answer, ChainData, ChainsPart, ChainsResult, RuleData, ServiceRef } from '../contract/answers.js';
import { backgroundMarkdown, details, markdownReport } from './assumptions.js';
import type { Report } from './form.js';
import { serviceText } from './names-in-reports.js';
import { markdownBlock, markdownText, printable } from './safe-text.js';
import { chanceText } from './share-text.js';

/** iptables-restore reads lines into a buffer of 10240 bytes and takes what is beyond for a line of its own. */
const COMMENT_LIMIT = 4000;

/** What a part is about: `node-1, node-2 (shared) IPv4, kube-proxy 1.30.5 iptables`. */
function partTitle(part: ChainsPart): string {
  const nodes = `${part.nodes.join(', ')}${part.shared ? ' (shared)' : ''}`;
  return printable(`${nodes} ${part.family}, kube-proxy ${part.version} ${part.mode}`);
}

/** The title as comment lines, which iptables-restore and nft skip. Long lists of nodes go over several lines. */
function commentLines(title: string): string {
  const lines: string[] = [];
  let line = '#';
  for (const word of title.split(' ')) {
    if (line.length > 1 && utf8Length(line) + utf8Length(word) + 1 > COMMENT_LIMIT) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}

function originText(service: ServiceRef | undefined, rule: RuleData): string {
  const parts = [
    service === undefined ? '' : `for ${serviceText(service)}`,
    rule.endpoint === undefined ? '' : `→ ${rule.endpoint}`,
    rule.chance === undefined ? '' : `(${chanceText(rule.chance)})`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function chainTitle(chain: ChainData): string {
  const base = [
    chain.hook === undefined ? '' : `hook ${chain.hook}`,
    chain.priority === undefined ? '' : `priority ${chain.priority}`,
    chain.policy === undefined ? '' : `policy ${chain.policy}`,
  ].filter((part) => part !== '');
  return `chain ${chain.name}${base.length > 0 ? ` (${base.join(', ')})` : ''}`;
}

function* ruleLines(part: ChainsPart): Generator<string> {
  for (const table of part.tables ?? []) {
    yield printable(`table ${table.name}`);
    for (const chain of table.chains) {
      yield printable(`  ${chainTitle(chain)}`);
      for (const rule of chain.rules) {
        const place = rule.position === undefined ? '-' : String(rule.position);
        yield `  ${place.padStart(4)}  ${printable(rule.text)}`;
        const origin = originText(rule.service, rule);
        if (origin !== '') yield `          ${printable(origin)}`;
      }
    }
  }
}

/** What ipvs mode has beside its chains. */
function* balancerLines({ boundAddresses = [], ipsets = {}, virtualServers = [] }: ChainsPart): Generator<string> {
  if (boundAddresses.length > 0) yield printable(`addresses on kube-ipvs0\n  ${boundAddresses.join('\n  ')}`);
  for (const [name, entries] of Object.entries(ipsets)) {
    yield printable(`set ${name}`);
    for (const entry of entries as readonly string[]) yield `  ${printable(entry)}`;
  }
  for (const server of virtualServers) {
    const { protocol, address, port, scheduler, flags, timeout, realServers } = server;
    const kept = flags & 1 ? `, a client keeps its real server for ${timeout} s` : '';
    yield printable(`virtual server ${protocol} ${joinHostPort(address, port)} ${scheduler}${kept}`);
    for (const real of realServers)
      yield printable(`  → ${joinHostPort(real.address, real.port)} weight ${real.weight}`);
  }
}

function partText(part: ChainsPart): string {
  return part.text ?? `${[...ruleLines(part), ...balancerLines(part)].join('\n')}\n`;
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/**
 * One part's text is exactly what the node carries, byte for byte; before several is the headline, in a comment as
 * their titles are.
 */
function text(answer: Answer<ChainsResult>): string {
  const { parts } = answer.result;
  const only = parts[0];
  if (parts.length === 1 && only?.text !== undefined) return only.text;
  const titled = parts.map((part) => `${commentLines(partTitle(part))}\n${ended(partText(part))}`);
  return [`${commentLines(printable(answer.summary))}\n`, ...titled].join('');
}

const FORMAT_WORDS: Readonly<Record<ChainsResult['format'], string>> = {
  RESTORE: 'as kube-proxy writes them',
  SAVE: 'as iptables-save or nft list shows them',
  LIST: 'as a list',
  RULES: 'chain by chain',
  TRANSACTION: 'as nft -f is given them',
};

function markdown(answer: Answer<ChainsResult>): string {
  const { parts, format } = answer.result;
  const sections = parts.map((part) => {
    const content = partText(part);
    const rules = (content.match(/^(?: *[-\d]+ {2})?-A /gm) ?? []).length;
    const count = rules > 0 ? `, ${rules} ${rules === 1 ? 'rule' : 'rules'}` : '';
    return [details(`${markdownText(partTitle(part))}${count}`, markdownBlock(content))];
  });
  return markdownReport([[`## Chains, ${FORMAT_WORDS[format]}`], ...sections, ...backgroundMarkdown(answer)]);
}

/** The rules of nodes. Text of one RESTORE, SAVE or LIST part is exactly the rules' text and nothing else. */
export const chainsReport: Report<Answer<ChainsResult>> = { text, markdown };
