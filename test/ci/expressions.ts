/** GitHub's expressions, as far as action.yml uses them: contexts, texts, `==`, `!=`, `!`, `&&`, `||`, parentheses. */

/** What an expression may name: `inputs.comment`. */
export type Contexts = Readonly<Record<string, unknown>>;

const TOKEN = /\s*(==|!=|&&|\|\||!|\(|\)|'(?:[^']|'')*'|[\w-]+(?:\.[\w-]+)*)/y;

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const [, token] = TOKEN.exec(text) ?? [];
    if (token === undefined) throw new Error(`not an expression that is known here: ${text}`);
    tokens.push(token);
  }
  return tokens;
}

/**
 * The value of an expression. Throws Error for a context that the runner does not have: a typing error would be empty
 * on GitHub.
 */
export function evaluate(text: string, contexts: Contexts): unknown {
  const tokens = [...tokensOf(text)];
  const value = (): unknown => {
    const token = tokens.shift() ?? '';
    if (token === '!') return !value();
    if (token === '(') {
      const inner = either();
      tokens.shift();
      return inner;
    }
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    return token.split('.').reduce<unknown>((at, key, index) => {
      const has = typeof at === 'object' && at !== null && key in at;
      if (!has && index < 2) throw new Error(`${token} is not there: ${text}`);
      return has ? (at as Contexts)[key] : undefined;
    }, contexts);
  };
  const equal = (): unknown => {
    const left = value();
    if (tokens[0] === '==' || tokens[0] === '!=')
      return (tokens.shift() === '==') === (String(left) === String(value()));
    return left;
  };
  const both = (): unknown => {
    let left = equal();
    while (tokens[0] === '&&') {
      tokens.shift();
      const right = equal();
      left = left ? right : left;
    }
    return left;
  };
  const either = (): unknown => {
    let left = both();
    while (tokens[0] === '||') {
      tokens.shift();
      const right = both();
      left = left || right;
    }
    return left;
  };
  return either();
}

/** A text with its `${{ … }}` filled in. */
export function filled(text: string, contexts: Contexts): string {
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) => String(evaluate(expression, contexts) ?? ''));
}
