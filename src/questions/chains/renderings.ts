import { QuestionError } from '../../base/errors.js';
import type { NodeProgram } from '../../proxy/node-program.js';
import { IPTABLES_RENDERING } from './iptables-rendering.js';
import { IPVS_RENDERING } from './ipvs-rendering.js';
import { NFTABLES_RENDERING } from './nftables-rendering.js';
import type { Rendering } from './node-rules.js';

/** How the rules of each mode are shown. */
const RENDERINGS = new Map<string, Rendering>([
  ['iptables', IPTABLES_RENDERING],
  ['nftables', NFTABLES_RENDERING],
  ['ipvs', IPVS_RENDERING],
]);

/** Takes the rendering of one more mode. */
export function addRendering(mode: string, rendering: Rendering): void {
  RENDERINGS.set(mode, rendering);
}

/** How a program's rules are shown. Throws QuestionError UNSUPPORTED for a mode whose rules are not rendered. */
export function renderingOf({ mode }: NodeProgram): Rendering {
  const rendering = RENDERINGS.get(mode);
  if (rendering === undefined) throw new QuestionError('UNSUPPORTED', `Rules in ${mode} mode are not rendered.`);
  return rendering;
}
