// Part of `npm run lint`: no line of code has more than 120 columns, but where a single text without a place to break
// it (a regular expression, an address, a recording in a test) is longer. Biome wraps code, and leaves comments and
// texts.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const COLUMNS = 120;
const FILES = /^(?:src|test|bench|tools|openapi|proto|examples|ui|\.ci)\/.*\.(?:ts|tsx|mjs|css)$/;
/** Texts in one piece: regular expressions, strings, templates. */
const LITERAL =
  /\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n[])+\/[a-z]*|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`?/g;

/** Whether a line may be longer: it is one text and little else, and in tests texts are what they are. */
function isForced(file, line) {
  // In a text that a tool writes, quotes are escaped: what counts is the line that it writes.
  if (line.includes('\\`') && [...line.replaceAll('\\`', '`')].length <= COLUMNS) return true;
  if (/^\s*(?:\/\/|\/?\*)/.test(line)) return /https?:\/\/\S{60,}/.test(line);
  // Lines of texts over several lines, as of rules.
  if (file.startsWith('test/') && !/[`;]/.test(line)) return true;
  const rest = line.replace(LITERAL, '').trim();
  const isText = /^\s*(?:[-\w. ]+[:=(] *|\{ *\w+: *|\[ *|return |t+\.\w+\()*\/|^[^`]*$/.test(line);
  return file.startsWith('test/') ? rest.length <= 80 : isText && rest.length <= 24;
}

const files = execFileSync('git', ['ls-files'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => FILES.test(file));
const found = files.flatMap((file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .map((line, index) => ({ line, place: `${file}:${index + 1}` }))
    .filter(({ line }) => [...line].length > COLUMNS && !isForced(file, line))
    .map(({ line, place }) => `${place}: ${[...line].length} columns`),
);
if (found.length > 0) {
  console.error(`Lines have at most ${COLUMNS} columns:\n${found.join('\n')}`);
  process.exitCode = 1;
}
