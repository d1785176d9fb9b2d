/** The questions about one cluster: what-if asks one of them twice, and a batch several about the same cluster. */
import type { QuestionRequest } from '../contract/requests.js';
import { answerChains } from './chains/answer-chains.js';
import type { PlainKind } from './kinds.js';
import type { LargeLimits } from './large-ports/large-port.js';
import { answerPath } from './path/answer-path.js';
import type { Outcome, Prepared } from './prepare.js';
import { answerProbability } from './probability/answer-probability.js';
import type { PlainResult } from './results.js';

type Asked = Pick<QuestionRequest, PlainKind>;

interface PlainQuestion<R> {
  /**
   * Answers the question, which is under its own name in the request. `large`: how many endpoints are followed and
   * listed of a Service port with very many; absent where the answer is compared with another. Throws QuestionError.
   */
  answer(prepared: Prepared, request: Asked, large?: LargeLimits): Outcome<R>;
  /** The result for a cluster that has nothing of what is asked about. */
  nothing(request: Asked): R;
}

const NOTHING_ASKED = { source: '', destination: '', protocol: 'TCP', family: 'IPv4', addresses: [] } as const;

export const PLAIN_QUESTIONS: { readonly [K in PlainKind]: PlainQuestion<PlainResult[K]> } = {
  chains: {
    answer: (prepared, { chains = {} }) => answerChains(prepared, chains),
    nothing: ({ chains }) => ({ format: chains?.format ?? 'RESTORE', parts: [] }),
  },
  path: {
    answer: (prepared, { path }, large) => answerPath(prepared, path, large),
    nothing: () => ({ question: NOTHING_ASKED, traces: [], verdicts: [] }),
  },
  probability: {
    answer: (prepared, { probability = {} }, large) => answerProbability(prepared, probability, undefined, large),
    nothing: () => ({ services: [] }),
  },
};
