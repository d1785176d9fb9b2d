import type { TargetCodec } from '../match-codec.js';
import type { Verdict } from '../statements.js';

const NAMES = { accept: 'ACCEPT', drop: 'DROP', return: 'RETURN' } as const;
const KINDS: Readonly<Record<string, Verdict['kind']>> = { ACCEPT: 'accept', DROP: 'drop', RETURN: 'return' };

/** `-j ACCEPT`, `-j DROP`, `-j RETURN`. */
export const verdict: TargetCodec<Verdict> = {
  names: ['ACCEPT', 'DROP', 'RETURN'],
  options: {},
  parse(_options, { name }) {
    const kind = KINDS[name];
    return kind === undefined ? undefined : { kind };
  },
  write: (target) => `-j ${NAMES[target.kind]}`,
  save: (target) => `-j ${NAMES[target.kind]}`,
  label: (target) => NAMES[target.kind],
  list: () => '',
  apply: (target) => ({ action: NAMES[target.kind] }),
};
