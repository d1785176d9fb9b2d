/** What `chains` shows of a node in ipvs mode, cut into what each tool prints. */
import type { ChainsResult } from '../../src/contract/answers.js';

export function savedParts(result: ChainsResult): { iptablesSave: string; ipset: string; ipvsadm: string } {
  const text = result.parts[0]?.text ?? '';
  const [, iptablesSave = '', ipset = '', ipvsadm = ''] = text.split(
    /^# (?:ip6?tables-save|ipset save|ipvsadm -S -n)\n/m,
  );
  return { iptablesSave, ipset, ipvsadm };
}
