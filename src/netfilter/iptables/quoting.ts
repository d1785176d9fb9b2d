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
  let open = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i] as string;
    if (open) {
      if (character === '"') open = false;
      else if (character === '\\' && i + 1 < line.length) word += line[++i] as string;
      else word += character;
    } else if (character === '"') {
      open = true;
      word ??= '';
    } else if (character === ' ' || character === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (open) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
