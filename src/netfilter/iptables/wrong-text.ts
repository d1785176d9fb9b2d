/**
 * Texts that are given in place of an `iptables-save`: what they look like, and the command that makes the right one.
 */

const SAVE = '`iptables-save` (as root, without -t) prints what is needed';

/** How a text begins that is something else. The first that fits counts. */
const LOOKS: readonly (readonly [begins: RegExp, sentence: string])[] = [
  [/^Chain \S+ \((?:policy |\d+ references)/, `This is what \`iptables -L\` prints: ${SAVE}.`],
  [
    /^(?:IP Virtual Server|-A (?:-t|-u|-f|--sctp-service) )/,
    'This is what `ipvsadm` prints: it goes into nodeRules as "ipvsadm" (--ipvsadm-save). ' +
      `${SAVE.replace('`', 'For the rules `')}.`,
  ],
  [/^(?:-P|-N|-A) \S+/, `This is what \`iptables -S\` prints, without its tables: ${SAVE}.`],
  [
    /^table (?:ip|ip6|inet|bridge|arp|netdev) \S+ \{/,
    'This is what `nft list ruleset` prints: give it as nodeRules.nft (--nft-list NODE=FILE).',
  ],
  [
    /^\{\s*"nftables"/,
    `This is what \`nft -j list ruleset\` prints: ${SAVE}, where the iptables of the node writes such rules.`,
  ],
  [
    /^create \S+ \S+:/,
    'This is what `ipset save` prints: it goes into nodeRules as "ipset" (--ipset-save). ' +
      `${SAVE.replace('`', 'For the rules `')}.`,
  ],
  [/^[{[]/, `This is JSON, perhaps of kubectl: ${SAVE}.`],
  [/^(?:apiVersion|kind|items|---)/, `This is YAML, perhaps of kubectl: ${SAVE}.`],
  [/^NAME(?:SPACE)?\s+\S+/, `This is a table of kubectl: ${SAVE}.`],
];

/** One sentence about a text that is no `iptables-save` but something known; undefined for any other. */
export function mistakenFor(text: string): string | undefined {
  const head = text
    .slice(0, 4096)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join('\n');
  if (head.startsWith('PK') || head.startsWith('\u001f') || head.includes('\0'))
    return `This is an archive or another binary file: unpack it; ${SAVE}.`;
  return LOOKS.find(([begins]) => begins.test(head))?.[1];
}
