/** Bearer tokens, and files of them. */
import type { Token } from './credentials.js';
import { SettingsError } from './variables.js';

/** RFC 6750's b64token, long enough not to be guessed. */
export const TOKEN = /^[A-Za-z0-9._~+/-]{16,512}=*$/;

/** {@link TOKEN} in words. */
export const TOKEN_SHAPE = '16 to 512 of A-Z a-z 0-9 . _ ~ + / - (and = at the end)';

/** The name that tokens share. */
const OWNER = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;

/**
 * The tokens in the text of a TOKENS_FILE: `TOKEN` or `NAME TOKEN` on each line. Throws SettingsError that names the
 * line, never its text.
 */
export function readTokens(content: string, file: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    const words = line.trim().split(/\s+/);
    const [token = '', owner] = words.reverse();
    if (token === '' || line.trim().startsWith('#')) continue;
    const fault = (text: string) => new SettingsError([`TOKENS_FILE ${file}, line ${index + 1}: ${text}`]);
    if (!TOKEN.test(token) || words.length > 2) {
      throw fault(`a token must be ${TOKEN_SHAPE}, with at most one name before it.`);
    }
    if (owner === undefined) tokens.push({ token });
    else if (OWNER.test(owner)) tokens.push({ token, owner });
    else throw fault('a name must be 1 to 63 of A-Z a-z 0-9 . _ @ -, and begin with a letter or a digit.');
  }
  // An empty file must not open the service to everybody.
  if (tokens.length === 0) throw new SettingsError([`TOKENS_FILE ${file} holds no token.`]);
  return tokens;
}
