import { utf8Length } from '#platform';
import { YES } from '../../walk/walk-context.js';
import { firstValue, type MatchCodec, RuleError } from '../match-codec.js';
import { quoteSaved, quoteWritten } from '../quoting.js';
import type { CommentMatch } from '../statements.js';

/** Longest comment that xt_comment takes (XT_MAX_COMMENT_LEN - 1). */
const LONGEST = 255;

/** `-m comment --comment TEXT`. */
export const comment: MatchCodec<CommentMatch> = {
  place: 'module',
  modules: ['comment'],
  options: { '--comment': 1 },
  parse(options) {
    const text = firstValue(options, '--comment');
    if (text === undefined) throw new RuleError('-m comment needs --comment');
    if (utf8Length(text) > LONGEST) throw new RuleError(`the comment is longer than ${LONGEST} bytes`);
    return { kind: 'comment', text };
  },
  write: (match) => `-m comment --comment ${quoteWritten(match.text)}`,
  save: (match) => `-m comment --comment ${quoteSaved(match.text)}`,
  list: (match) => `/* ${match.text} */`,
  test: () => YES,
};
