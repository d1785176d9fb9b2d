import { decodeUtf8 } from '#platform';
import { QuestionError } from '../../base/errors.js';
import type { IpMasqSettings } from '../../cluster/ip-masq.js';
import type { Settings } from '../../cluster/settings.js';
import type { ChainData } from '../../contract/answers.js';
import type { ChainsQuestion } from '../../contract/requests.js';
import { listChain, referencesOf } from '../../netfilter/iptables/list.js';
import { printedChains, printedTables, saveRule } from '../../netfilter/iptables/save.js';
import type { Chain, Rule, Ruleset, Table } from '../../netfilter/ruleset.js';
import type { IptablesProgram } from '../../proxy/iptables/program.js';
import type { ChainBlock, ChainText } from './chain-blocks.js';
import { chainData } from './chain-data.js';

/** Which chains and rules of a node are wanted. */
export interface Selection {
  /** `namespace/name`; absent: all. */
  readonly services: ReadonlySet<string> | undefined;
  readonly chains: ReadonlySet<string> | undefined;
  /**
   * The chain that masquerades pod traffic, where it is shown beside kube-proxy's: the snapshot or the request tells of it,
   * or the question names it. What a platform merely does by custom is not put into what a node is said to carry.
   */
  readonly ipMasq: IpMasqSettings | undefined;
}

export function selectionOf(question: ChainsQuestion, { network, ipMasqTold }: Settings): Selection {
  const shown = ipMasqTold || question.chains?.includes(network.ipMasq.chain) === true;
  return {
    services: question.services === undefined ? undefined : new Set(question.services),
    chains: question.chains === undefined ? undefined : new Set(question.chains),
    ipMasq: shown && network.ipMasq.writer !== 'NONE' ? network.ipMasq : undefined,
  };
}

/** Counts what an answer comes to, and stops it when it is more than was asked for. */
export class ByteBudget {
  #left: number;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** Throws QuestionError ANSWER_TOO_LARGE. */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw tooLarge(`The answer is larger than ${this.#limit} bytes.`);
  }
}

export function tooLarge(message: string): QuestionError {
  return new QuestionError('ANSWER_TOO_LARGE', message, [
    {
      pointer: '/chains',
      detail: 'Name fewer nodes, families, services or chains, or give a larger maxBytes.',
    },
  ]);
}

function wantedRules(chain: Chain, selection: Selection): readonly Rule[] {
  const { services } = selection;
  return services === undefined
    ? chain.rules
    : chain.rules.filter((rule) => rule.origin !== undefined && services.has(rule.origin.service));
}

function wanted(
  table: Table,
  selection: Selection,
): readonly { readonly chain: Chain; readonly rules: readonly Rule[] }[] {
  return printedChains(table)
    .filter((chain) => selection.chains?.has(chain.name) ?? true)
    .map((chain) => ({ chain, rules: wantedRules(chain, selection) }))
    .filter(({ rules }) => selection.services === undefined || rules.length > 0);
}

/** What kube-proxy hands to `iptables-restore`, whole or for some Services. */
export function restoreText(program: IptablesProgram, selection: Selection, budget: ByteBudget): string {
  const pieces = program.restorePieces(selection.services);
  for (const piece of pieces) budget.spend(piece.length);
  return pieces.map(decodeUtf8).join('');
}

/** The node's rules as the kernel has them, built-in chains included; kubelet's are not kube-proxy's to show. */
function programmed(program: IptablesProgram, { ipMasq }: Selection): Ruleset {
  return program.ruleset({ kubelet: false, forwardPolicy: 'ACCEPT', ipMasq });
}

export function saveBlocks(
  program: IptablesProgram,
  selection: Selection,
  flavour: 'NFT' | 'LEGACY',
  budget: ByteBudget,
): readonly ChainBlock<ChainText>[] {
  return printedTables(programmed(program, selection), flavour).flatMap((table) =>
    wanted(table, selection).map(({ chain, rules }) => {
      let text = '';
      for (const rule of rules) {
        const line = saveRule(rule, program.family);
        budget.spend(line.length + 1);
        text += `${line}\n`;
      }
      const declaration = `:${chain.name} ${chain.base?.policy ?? '-'} [0:0]\n`;
      return { table: table.name, chain: chain.name, body: { declaration, rules: text } };
    }),
  );
}

/** Each chain as `iptables -t TABLE -L CHAIN -n` prints it. nat comes first: it is where people look. */
export function listBlocks(
  program: IptablesProgram,
  selection: Selection,
  budget: ByteBudget,
): readonly ChainBlock<string>[] {
  return [...programmed(program, selection).tables].reverse().flatMap((table) => {
    const references = referencesOf(table);
    return wanted(table, selection).map(({ chain, rules }) => {
      const shown = rules.length === chain.rules.length ? chain : { ...chain, name: chain.name, rules, ordered: false };
      const body = listChain(shown, program.family, references.get(chain.name) ?? 0);
      budget.spend(body.length);
      return { table: table.name, chain: chain.name, body };
    });
  });
}

/** The rules of each chain, with what they were written for. */
export function ruleBlocks(program: IptablesProgram, selection: Selection): readonly ChainBlock<readonly Rule[]>[] {
  return programmed(program, selection).tables.flatMap((table) =>
    wanted(table, selection).map(({ chain, rules }) => ({ table: table.name, chain: chain.name, body: rules })),
  );
}

// A rule's data is its text twice and its statements: about this much of JSON for each character of text.
const DATA_PER_CHARACTER = 5;

export function dataBlocks(
  program: IptablesProgram,
  selection: Selection,
  budget: ByteBudget,
): readonly ChainBlock<ChainData>[] {
  return programmed(program, selection).tables.flatMap((table) =>
    wanted(table, selection).map(({ chain, rules }) => {
      for (const rule of rules) budget.spend(saveRule(rule, program.family).length * DATA_PER_CHARACTER);
      return { table: table.name, chain: chain.name, body: chainData(chain, rules, program.family) };
    }),
  );
}
