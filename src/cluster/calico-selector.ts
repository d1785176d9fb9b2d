/**
 * Calico's language of selectors, as far as it decides whether labels match: comparisons, sets, has(), all(), global(),
 * not, and, or, parentheses. Source: Calico's documentation of NetworkPolicy, "Selectors".
 */

type Labels = Readonly<Record<string, string>>;
type Test = (labels: Labels) => boolean;

const TOKEN =
  /\s*(?:(&&|\|\||==|!=|[!(){},])|'([^']*)'|"([^"]*)"|(not\s+in|in|contains|starts\s+with|ends\s+with)(?![\w./-])|([\w./-]+))/y;

interface Token {
  readonly kind: 'SIGN' | 'TEXT' | 'WORD' | 'NAME';
  readonly text: string;
}

/** The tokens of a selector; undefined where something in it is not one. */
function tokensOf(selector: string): readonly Token[] | undefined {
  const found: Token[] = [];
  const text = selector.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    const [, sign, single, double, word, name] = match;
    if (sign !== undefined) found.push({ kind: 'SIGN', text: sign });
    else if (word !== undefined) found.push({ kind: 'WORD', text: word.replace(/\s+/, ' ') });
    else if (name !== undefined) found.push({ kind: 'NAME', text: name });
    else found.push({ kind: 'TEXT', text: single ?? double ?? '' });
  }
  return found;
}

const labelOf = (labels: Labels, key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined);

/** What compares the value of a label with a text; a label that is not there is equal to none. */
const COMPARED: Readonly<Record<string, (value: string | undefined, text: string) => boolean>> = {
  '==': (value, text) => value === text,
  '!=': (value, text) => value !== text,
  contains: (value, text) => value?.includes(text) === true,
  'starts with': (value, text) => value?.startsWith(text) === true,
  'ends with': (value, text) => value?.endsWith(text) === true,
};

class NotUnderstood extends Error {}

/** Reads a selector from its tokens, one function for each level of its grammar. */
class Reader {
  #at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  read(): Test {
    const test = this.#either();
    if (this.#at < this.tokens.length) throw new NotUnderstood();
    return test;
  }

  #takes(text: string): boolean {
    const token = this.tokens[this.#at];
    if (token?.text !== text || token.kind === 'TEXT' || token.kind === 'NAME') return false;
    this.#at++;
    return true;
  }

  #wants(text: string): void {
    if (!this.#takes(text)) throw new NotUnderstood();
  }

  #next(kind: Token['kind']): string {
    const token = this.tokens[this.#at++];
    if (token?.kind !== kind) throw new NotUnderstood();
    return token.text;
  }

  #either(): Test {
    const tests = [this.#both()];
    while (this.#takes('||')) tests.push(this.#both());
    return (labels) => tests.some((test) => test(labels));
  }

  #both(): Test {
    const tests = [this.#term()];
    while (this.#takes('&&')) tests.push(this.#term());
    return (labels) => tests.every((test) => test(labels));
  }

  #term(): Test {
    if (this.#takes('!')) {
      const test = this.#term();
      return (labels) => !test(labels);
    }
    if (this.#takes('(')) {
      const test = this.#either();
      this.#wants(')');
      return test;
    }
    const name = this.#next('NAME');
    if (this.#takes('(')) return this.#call(name);
    return this.#comparison(name);
  }

  #call(name: string): Test {
    const key = name === 'has' ? this.#next('NAME') : '';
    this.#wants(')');
    if (name === 'has') return (labels) => labelOf(labels, key) !== undefined;
    if (name === 'all') return () => true;
    // What has no namespace, which no pod is.
    if (name === 'global') return () => false;
    throw new NotUnderstood();
  }

  #comparison(key: string): Test {
    for (const [sign, compare] of Object.entries(COMPARED)) {
      if (!this.#takes(sign)) continue;
      const text = this.#next('TEXT');
      return (labels) => compare(labelOf(labels, key), text);
    }
    const isNot = this.#takes('not in');
    if (!isNot) this.#wants('in');
    const texts = this.#set();
    return (labels) => {
      const value = labelOf(labels, key);
      return (value !== undefined && texts.has(value)) !== isNot;
    };
  }

  #set(): ReadonlySet<string> {
    const texts = new Set<string>();
    this.#wants('{');
    while (!this.#takes('}')) {
      texts.add(this.#next('TEXT'));
      if (!this.#takes(',')) {
        this.#wants('}');
        return texts;
      }
    }
    return texts;
  }
}

/** Whether labels match a selector of Calico; undefined where it is not understood. An empty one matches all. */
export function matchesCalico(labels: Labels, selector: string): boolean | undefined {
  const tokens = tokensOf(selector);
  if (tokens === undefined) return undefined;
  if (tokens.length === 0) return true;
  try {
    return new Reader(tokens).read()(labels);
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}
