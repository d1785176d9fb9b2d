import { decodeUtf8 } from '#platform';
import { QuestionError } from '../../base/errors.js';
import type { IpMasqSettings, Settings } from '../../cluster/settings.js';
import type { ChainData, VirtualServerData } from '../../contract/answers.js';
import type { ChainsQuestion } from '../../contract/requests.js';
import type { Rule } from '../../netfilter/ruleset.js';
import type { NodeProgram } from '../../proxy/node-program.js';
import type { ChainBlock, ChainText } from './chain-blocks.js';

/** Which chains and rules of a node are wanted. */
export interface Selection {
  /** `namespace/name`; absent: all. */
  readonly services: ReadonlySet<string> | undefined;
  readonly chains: ReadonlySet<string> | undefined;
  /**
   * The chain that masquerades pod traffic, where it is shown beside kube-proxy's: the snapshot or the request shows
   * it, or the question names it. What a platform merely does by custom is not put into what a node is said to carry.
   */
  readonly ipMasq: IpMasqSettings | undefined;
}

export function selectionOf(question: ChainsQuestion, { network, ipMasqKnown }: Settings): Selection {
  const shown = ipMasqKnown || question.chains?.includes(network.ipMasq.chain) === true;
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

/** What kube-proxy hands over, whole or for some Services. */
export function restoreText(program: NodeProgram, selection: Selection, budget: ByteBudget): string {
  const pieces = program.restorePieces(selection.services);
  for (const piece of pieces) budget.spend(piece.length);
  return pieces.map(decodeUtf8).join('');
}

/** A chain as data, or something of ipvs mode that is not a chain. */
export type DataBlock = ChainBlock<
  | ChainData
  | { readonly boundAddresses: readonly string[] }
  | { readonly ipset: readonly string[] }
  | { readonly virtualServer: VirtualServerData }
>;

/** How the rules of one language are shown: in blocks, which are chains, or sets and maps. */
export interface Rendering {
  /** Cuts what kube-proxy hands over into blocks. */
  cut(text: string): readonly ChainBlock<ChainText>[];
  /** Puts blocks together as text that can be loaded. */
  join(blocks: readonly ChainBlock<ChainText>[]): string;
  save(
    program: NodeProgram,
    selection: Selection,
    flavour: 'NFT' | 'LEGACY',
    budget: ByteBudget,
  ): readonly ChainBlock<ChainText>[];
  joinSaved(blocks: readonly ChainBlock<ChainText>[], program: NodeProgram): string;
  list(program: NodeProgram, selection: Selection, budget: ByteBudget): readonly ChainBlock<string>[];
  /** Puts listed blocks together; absent: one after the other with an empty line between them. */
  joinListed?(blocks: readonly ChainBlock<string>[], program: NodeProgram): string;
  data(program: NodeProgram, selection: Selection, budget: ByteBudget): readonly DataBlock[];
  /** The rules of each block, with what they were written for. */
  rules(program: NodeProgram, selection: Selection): readonly ChainBlock<readonly Rule[]>[];
}
