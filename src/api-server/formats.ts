/**
 * Formats of names and values. Each function returns what is wrong, empty where nothing is. Source: apimachinery
 * util/validation.
 */

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LOOSE_SUBDOMAIN = /^_?[a-z0-9]([-a-z0-9_]*[a-z0-9])?(\._?[a-z0-9]([-a-z0-9_]*[a-z0-9])?)*$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/;

/** Quotes a value in a sentence, cut where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function limited(value: string, most: number, pattern: RegExp, what: string): string[] {
  const wrong: string[] = [];
  if (value.length > most) wrong.push(`${shown(value)} is too long; it may have ${most} characters.`);
  if (!pattern.test(value)) wrong.push(`${shown(value)} must be ${what}.`);
  return wrong;
}

export function dnsLabel(value: string): string[] {
  return limited(value, 63, LABEL, 'lower-case letters, digits and "-", with a letter or digit at both ends');
}

export function dnsLabel1035(value: string): string[] {
  return limited(value, 63, LABEL_1035, 'lower-case letters, digits and "-", with a letter first and no "-" last');
}

export function dnsSubdomain(value: string): string[] {
  return limited(value, 253, SUBDOMAIN, 'lower-case letters, digits, "-" and ".", with a letter or digit at both ends');
}

/** A domain name in which underscores may be. */
export function dnsSearch(value: string): string[] {
  return limited(value, 253, LOOSE_SUBDOMAIN, 'a domain name');
}

/** `name` or `prefix/name`, as keys of labels and annotations are. */
export function qualifiedName(value: string): string[] {
  const parts = value.split('/');
  if (parts.length > 2) return [`${shown(value)} must be a name, or a domain and a name with one "/" between them.`];
  const wrong: string[] = [];
  const name = parts.at(-1) ?? '';
  if (parts.length === 2) {
    const [prefix = ''] = parts;
    if (prefix === '') wrong.push(`${shown(value)} has nothing before the "/".`);
    else wrong.push(...dnsSubdomain(prefix));
  }
  if (name === '') return [...wrong, `${shown(value)} has no name.`, `${shown(value)} needs letters or digits.`];
  if (name.length > 63) wrong.push(`${shown(name)} is too long; a name may have 63 characters.`);
  if (!QUALIFIED.test(name)) {
    wrong.push(`${shown(value)} must be letters, digits, "-", "_" and ".", with a letter or digit at both ends.`);
  }
  return wrong;
}

export function labelValue(value: string): string[] {
  const wrong: string[] = [];
  if (value.length > 63) wrong.push(`${shown(value)} is too long; a label's value may have 63 characters.`);
  if (value !== '' && !QUALIFIED.test(value)) {
    wrong.push(`${shown(value)} must be letters, digits, "-", "_" and ".", with a letter or digit at both ends.`);
  }
  return wrong;
}

export function portNumber(value: unknown): string[] {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535
    ? []
    : [`${shown(value)} is not a port; a port is a number from 1 to 65535.`];
}

/** The name of a container port. */
export function portName(value: string): string[] {
  const wrong: string[] = [];
  if (value.length > 15) wrong.push(`${shown(value)} is too long; the name of a port may have 15 characters.`);
  if (!/^[-a-z0-9]+$/.test(value)) wrong.push(`${shown(value)} must be lower-case letters, digits and "-".`);
  if (!/[a-z]/.test(value)) wrong.push(`${shown(value)} must have a letter.`);
  if (value.includes('--')) wrong.push(`${shown(value)} must not have two "-" in a row.`);
  if (value !== '' && (value.startsWith('-') || value.endsWith('-'))) {
    wrong.push(`${shown(value)} must not begin or end with "-".`);
  }
  return wrong;
}

/** The number or the name of a port. */
export function portNumberOrName(value: unknown): string[] {
  return typeof value === 'string' ? portName(value) : portNumber(value ?? 0);
}

/** The name of an environment variable: printable characters without "=". */
export function envName(value: string): string[] {
  if (value === '') return ['A name is required.'];
  return /^[ -<>-~]+$/.test(value) ? [] : [`${shown(value)} must be printable ASCII characters other than "=".`];
}

export function configMapKey(value: string): string[] {
  const wrong: string[] = [];
  if (value.length > 253) wrong.push(`${shown(value)} is too long; a key may have 253 characters.`);
  if (!CONFIG_KEY.test(value)) wrong.push(`${shown(value)} must be letters, digits, "-", "_" and ".".`);
  if (value === '.') wrong.push('A key must not be ".".');
  if (value === '..') wrong.push('A key must not be "..".');
  else if (value.startsWith('..')) wrong.push(`${shown(value)} must not begin with "..".`);
  return wrong;
}

export function percent(value: string): string[] {
  return /^[0-9]+%$/.test(value) ? [] : [`${shown(value)} must be a percentage, e.g. "25%".`];
}

export function headerName(value: string): string[] {
  return /^[-A-Za-z0-9]+$/.test(value) ? [] : [`${shown(value)} is not the name of an HTTP header.`];
}

export function nonNegative(value: unknown): string[] {
  return typeof value === 'number' && value < 0 ? [`${value} must be at least 0.`] : [];
}
