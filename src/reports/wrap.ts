/** Breaks prose at spaces so that lines have at most `width` characters. A longer word is on a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && [...line].length + 1 + [...word].length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}

/** A list item: `head` before the first line, the following ones indented under it by `indent` spaces. */
export function item(head: string, text: string, width: number, indent: number): string[] {
  const [first = '', ...rest] = wrap(text, Math.max(20, width - indent));
  return [`${head}${first}`, ...rest.map((line) => `${' '.repeat(indent)}${line}`)];
}
