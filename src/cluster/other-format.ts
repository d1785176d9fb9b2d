/** Files that are taken for a snapshot or a manifest by mistake: what each looks like, and what to make instead. */

import { KUBECTL_GET } from '../base/kubectl.js';

const LIST = `\`${KUBECTL_GET}\``;

const HELM = /\{\{-?\s*(?:\.|\$|include\b|if\b|range\b|with\b|template\b|toYaml\b|define\b|\/\*)/;

const FORMATS: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/^Chain \S+ \((?:policy|\d+ references)/, `this is what \`iptables -L\` prints. Objects are needed: ${LIST}.`],
  [/^-[PNA] [A-Z]\S*/, `this is what \`iptables -S\` prints. Objects are needed: ${LIST}.`],
  [
    /^(?:#[^\n]*\n)*\*(?:nat|filter|mangle|raw|security)\n/,
    `this is what \`iptables-save\` prints, which --iptables-save takes. Objects are needed: ${LIST}.`,
  ],
  [
    /^table (?:ip|ip6|inet|arp|bridge) \S+ \{/,
    `this is what \`nft list ruleset\` prints, which --nft-list takes. Objects are needed: ${LIST}.`,
  ],
  [HELM, 'this is a Helm template that is not rendered. Render it first: `helm template NAME CHART > manifests.yaml`.'],
  [
    /^kind:\s*Kustomization\b/m,
    'this is a kustomization, which names manifests. Build it first: `kubectl kustomize DIR > manifests.yaml`.',
  ],
  [/^(?:NAMESPACE +)?NAME +[A-Z][A-Z-]+/, `this is a table that kubectl prints for people. Add \`-o json\`: ${LIST}.`],
  [
    /^(?:Warning|W\d{4} )[^\n]*\n\s*[[{]/,
    'a warning of kubectl is before the JSON. Leave standard error out of the file (no `2>&1`).',
  ],
  [
    /^(?:error|Error from server|Unable to connect to the server)\b[^\n]*: /,
    'this is an error message of kubectl. Get the objects anew.',
  ],
  [/^<(?:!doctype|html|\?xml)/i, `this is a page, perhaps of a proxy in between. Objects are needed: ${LIST}.`],
];

/** Texts that begin like JSON, and are not the objects that are wanted. */
const JSON_FORMATS: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/^\{\s*"nftables"\s*:/, `this is what \`nft -j list ruleset\` prints. Objects are needed: ${LIST}.`],
  [
    /^==== (?:START|END) logs for container /m,
    'this is what `kubectl cluster-info dump` prints, with logs of containers between the objects. Take ' +
      `the objects alone: ${LIST}.`,
  ],
];

/** The same of a text that begins with a bracket; all of it is looked at. */
export function otherJson(text: string): string | undefined {
  return JSON_FORMATS.find(([pattern]) => pattern.test(text))?.[1];
}

/** The beginning of a text, by which its format is known. */
const startOf = (text: string) => text.slice(0, 4096).trimStart();

/** Whether {@link otherFormat} takes the text for a template of Helm. */
export function isHelmTemplate(text: string): boolean {
  const start = startOf(text);
  return FORMATS.find(([pattern]) => pattern.test(start))?.[0] === HELM;
}

/**
 * What a text is, as the rest of a sentence, where it is not one of the formats that are read; undefined for all
 * others.
 */
export function otherFormat(text: string): string | undefined {
  const start = startOf(text);
  if (start.startsWith('PK\u0003\u0004')) return 'it looks like a zip archive. Unpack it and give the files in it.';
  if (start.includes('\u0000')) {
    return (
      'it looks like a tar archive (a support bundle?) or another binary file. Unpack it and give the files in ' + 'it.'
    );
  }
  return FORMATS.find(([pattern]) => pattern.test(start))?.[1];
}
