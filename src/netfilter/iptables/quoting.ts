/** Words and quotes of rule texts (iptables 1.8: `add_param_to_argv` reads, `xtables_save_string` writes). */

const SAFE = /^[A-Za-z0-9_-]+$/;
const ESCAPED = /["\\']/g;

/** As `iptables-save` writes strings: quoted unless all is letters, digits, `_` and `-`. */
export function quoteSaved(text: string): string {
  return SAFE.test(text) ? text : `"${text.replace(ESCAPED, '\\$&')}"`;
}

/** As kube-proxy writes comments: quoted only where a blank (or a quote, or nothing at all) makes it necessary. */
export function quoteWritten(text: string): string {
  if (text.includes('"')) return `"${text.replace(/["\\]/g, '\\$&')}"`;
  if (text.includes(' ') || text === '' || text.includes('\t')) {
    return text.includes('\\') ? `"${text.replaceAll('\\', '\\\\')}"` : `"${text}"`;
  }
  return text;
}

/** A token of an option that is not understood, quoted only where it would not be one word otherwise. */
export function quoteToken(token: string): string {
  return /^[^\s"]+$/.test(token) ? token : `"${token.replace(ESCAPED, '\\$&')}"`;
}

/**
 * Splits a line into words. Double quotes group, a backslash inside them takes the next character as it is; single
 * quotes are ordinary characters. Undefined: a quote is not closed.
 */
export function wordsOf(line: string): string[] | undefined {
  if (!line.includes('"')) {
    const words = line.split(' ');
    return words.includes('') || line.includes('\t') ? line.split(/[ \t]+/).filter((word) => word !== '') : words;
  }
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; ) {
    const code = line.charCodeAt(at);
    if (code === QUOTE) {
      const quoted = quotedFrom(line, at + 1);
      if (quoted === undefined) return undefined;
      word = (word ?? '') + quoted.text;
      at = quoted.end;
    } else if (code === BLANK || code === TAB) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
    } else {
      let end = at + 1;
      for (let next = line.charCodeAt(end); end < line.length; next = line.charCodeAt(++end)) {
        if (next === QUOTE || next === BLANK || next === TAB) break;
      }
      const plain = line.slice(at, end);
      word = word === undefined ? plain : word + plain;
      at = end;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

const QUOTE = 34;
const BLANK = 32;
const TAB = 9;

/** What is between a quote and the one that closes it, and the place behind that; undefined: none closes it. */
function quotedFrom(line: string, from: number): { readonly text: string; readonly end: number } | undefined {
  const close = line.indexOf('"', from);
  if (close < 0) return undefined;
  const plain = line.slice(from, close);
  if (!plain.includes('\\')) return { text: plain, end: close + 1 };
  let text = '';
  for (let at = from; at < line.length; at++) {
    const character = line[at] as string;
    if (character === '"') return { text, end: at + 1 };
    if (character === '\\' && at + 1 < line.length) text += line[++at] as string;
    else text += character;
  }
  return undefined;
}
