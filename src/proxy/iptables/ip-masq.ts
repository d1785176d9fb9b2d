import { addressFamily, type IPFamily } from '../../base/address.js';
import { BOOT_SCRIPT_RANGES } from '../../cluster/ip-masq.js';
import type { IpMasqSettings } from '../../cluster/settings.js';
import type { Statement } from '../../netfilter/iptables/statements.js';
import type { Rule } from '../../netfilter/ruleset.js';
import { comment, destination, jump, RETURN, rule } from './rule-parts.js';

/** The chain that masquerades pod traffic, its rules, and the jump that is appended to nat POSTROUTING. */
export interface IpMasqRules {
  readonly chain: string;
  readonly rules: readonly Rule[];
  readonly jump: Rule;
}

const LINK_LOCAL = { IPv4: '169.254.0.0/16', IPv6: 'fe80::/10' } as const;
const NOT_TO_LOCAL: Statement = { kind: 'addrtype', destination: { types: ['LOCAL'], negated: true } };

/** The comments of the two writers differ in their first word. */
const PREFIXES = { AGENT: 'ip-masq-agent', BOOT_SCRIPT: 'ip-masq' } as const;

function rangeComment(cidr: string): string {
  const rfc = BOOT_SCRIPT_RANGES.find(([range]) => range === cidr)?.[1];
  return `RFC ${rfc} reserved range is not subject to MASQUERADE`;
}

/**
 * The rules of the ip-masq-agent (kubernetes-sigs/ip-masq-agent, cmd/ip-masq-agent/ip-masq-agent.go) or of the boot
 * script of GCE nodes (Kubernetes 1.20.2, cluster/gce/gci/configure-helper.sh). Both compare the destination after
 * DNAT. Undefined where there are none: no writer, or no IPv6.
 */
export function ipMasqRules(family: IPFamily, settings: IpMasqSettings | undefined): IpMasqRules | undefined {
  if (settings === undefined || settings.writer === 'NONE' || (family === 'IPv6' && !settings.ipv6)) return undefined;
  const { writer, chain, nonMasqueradeCIDRs, randomFully } = settings;
  const prefix = PREFIXES[writer];
  const keep = (cidr: string, text: string) =>
    // The agent and the script differ in where they put the destination; iptables-save does not show it.
    rule(chain, undefined, [comment(`${prefix}: ${text}`), destination(cidr), RETURN]);
  const local = 'local traffic is not subject to MASQUERADE';
  const linkLocalToo = family === 'IPv4' ? settings.masqLinkLocal : settings.masqLinkLocalIPv6;
  const ranges = nonMasqueradeCIDRs.filter((cidr) => addressFamily(cidr.slice(0, cidr.indexOf('/'))) === family);
  const last = comment(`${prefix}: outbound traffic is subject to MASQUERADE (must be last in chain)`);
  return {
    chain,
    rules: [
      ...(linkLocalToo ? [] : [keep(LINK_LOCAL[family], local)]),
      ...ranges.map((cidr) => keep(cidr, writer === 'AGENT' ? local : rangeComment(cidr))),
      rule(chain, undefined, [last, randomFully ? { kind: 'masquerade', randomFully } : { kind: 'masquerade' }]),
    ],
    jump: rule('POSTROUTING', undefined, [
      comment(
        `${prefix}: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom ${chain} chain`,
      ),
      NOT_TO_LOCAL,
      jump(chain),
    ]),
  };
}
