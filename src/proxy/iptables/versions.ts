import type { KubernetesVersion } from '../../cluster/settings.js';

/**
 * What differs between the iptables proxiers of Kubernetes 1.20 to 1.36, in one place. Each trait lists its values with
 * the minor version in which each came in; the newest one that is not newer than the node's version counts. How rules
 * are laid out as a whole is in the layout-*.ts files.
 */
const TRAITS = {
  /** Which file lays out the rules of a Service port. */
  layout: [
    [20, 'XLB_ENDPOINTS_LAST', 'KUBE-SVC, KUBE-XLB and KUBE-FW chains, endpoint chains after the rules of the port'],
    [23, 'XLB_ENDPOINTS_FIRST', 'endpoint chains come first, one writer for KUBE-SVC and KUBE-XLB (#106030)'],
    [24, 'EXT_MARK_DROP', 'KUBE-EXT and KUBE-SVL instead of KUBE-XLB; drops by mark (#109060)'],
    [
      25,
      'EXT_FILTER_DROP',
      'drops in the filter table, since kubelet stops offering KUBE-MARK-DROP (#110289, KEP-3178)',
    ],
  ],
  /** Where the rule that marks off-cluster traffic for masquerade is. */
  masqueradeRulesIn: [
    [20, 'DISPATCH_CHAIN', 'in KUBE-SERVICES or KUBE-NODEPORTS, just before the jump it belongs to'],
    [22, 'SERVICE_CHAIN', 'in the KUBE-SVC chain, so that KUBE-SERVICES gets shorter (#96959)'],
  ],
  /** Which traffic to an external IP is captured. */
  externalIPCapture: [
    [20, 'NOT_FROM_BRIDGE', 'not what comes in over a bridge port or from the host, unless the address is local'],
    [21, 'ALL', 'everything; what is masqueraded is up to the local-traffic detector (#96296)'],
  ],
  /** How single addresses are written after -s and -d. */
  singleAddresses: [
    [20, 'CIDR', 'with /32 or /128 (utilproxy.ToCIDR)'],
    [23, 'BARE', 'as they are'],
  ],
  /** How the address in an endpoint's hairpin rule is written. */
  hairpinSource: [
    [20, 'CANONICAL', 'parsed and printed anew (util.IPPart)'],
    [29, 'AS_WRITTEN', 'the part of the endpoint string; since 1.31 that string is canonical itself'],
  ],
  /** The conntrack rules at the end of KUBE-FORWARD. */
  forwardConntrack: [
    [20, 'SOURCE_AND_DESTINATION', 'two rules, once restricted to the cluster CIDR and equal since'],
    [23, 'ONE', 'one rule (#105330)'],
  ],
  /** The comment on balancing rules. */
  balancingComment: [
    [20, 'SERVICE', 'the name of the Service port'],
    [24, 'SERVICE_AND_ENDPOINT', '"name -> address:port" (#109060)'],
  ],
  /** ACCEPT for the health check node port. */
  healthCheckRule: [
    [20, false, 'kube-proxy leaves it to the administrator'],
    [21, true, 'KUBE-NODEPORTS in the filter table (#97824)'],
  ],
  /** Where kube-proxy answers health checks of Services. */
  healthCheckAddresses: [
    [20, 'ALL', 'on every address of the node, of whichever family'],
    [23, 'NODE_PORT_ADDRESSES', 'only on nodePortAddresses, where those match any of the node (#104742)'],
  ],
  /** What becomes of a Service with a node port when nodePortAddresses match no address of the node. */
  noNodePortAddress: [
    [
      20,
      'SKIPS_REST',
      'the loop goes on with the next Service: what would follow, its endpoint chains too, is missing',
    ],
    [23, 'SKIPS_NODE_PORT', 'only the node port rules are missing'],
    [27, 'WRITES_ALL', 'the rules are written, and nothing jumps to KUBE-NODEPORTS'],
  ],
  /** Whether KUBE-NODEPORTS is kept from loopback addresses where those cannot work. */
  guardsLoopback: [
    [20, false, 'node ports are tried on every local address'],
    [26, true, 'not ::1, and not 127.0.0.0/8 without iptables.localhostNodePorts (#108250)'],
  ],
  /** route_localnet=1: so that 127.0.0.1 can reach node ports. */
  routeLocalnet: [
    [20, 'ALWAYS', 'set by every IPv4 proxier'],
    [24, 'LOOPBACK_IN_ADDRESSES', 'only where nodePortAddresses hold a loopback address'],
    [26, 'LOCALHOST_NODE_PORTS', 'and iptables.localhostNodePorts is on'],
  ],
  /** kube-proxy's own KUBE-FIREWALL rule against what route_localnet lets in. */
  martianRule: [
    [20, false, "kubelet's alone"],
    [27, true, 'kubelet may no longer write it (KEP-3178)'],
  ],
  /** The last rule of a KUBE-FW chain tells where the rest is dropped. */
  firewallComment: [
    [20, false, 'nothing'],
    [27, true, 'a rule without a target'],
  ],
  /** KUBE-MARK-DROP is made, empty, for kubelet to fill. */
  markDropChain: [
    [20, true, 'rules jump to it'],
    [25, false, 'drops moved to the filter table'],
  ],
  /** INVALID packets are let through where conntrack is liberal. */
  tcpBeLiberal: [
    [20, false, 'always dropped'],
    [29, true, 'not dropped with nf_conntrack_tcp_be_liberal (#120354)'],
  ],
  /** nfacct counters on INVALID drops and on localhost node ports. */
  nfacct: [
    [20, false, 'none'],
    [31, true, 'where the kernel can make them (#122812)'],
  ],
  /** nodePortAddresses: primary. */
  primaryNodePorts: [
    [20, false, 'a list of CIDRs'],
    [31, true, 'or the word primary (#125015)'],
  ],
} as const;

type Traits = typeof TRAITS;
/** The traits of one version. */
export type IptablesTraits = { readonly [K in keyof Traits]: Traits[K][number][1] };

const known = new Map<number, IptablesTraits>();

/** What one version of kube-proxy's iptables mode does. Versions before 1.20 count as 1.20. */
export function iptablesTraits({ minor }: KubernetesVersion): IptablesTraits {
  let traits = known.get(minor);
  if (traits === undefined) {
    traits = Object.fromEntries(
      Object.entries(TRAITS).map(([name, values]) => {
        const value = values.findLast(([since]) => since <= minor) ?? values[0];
        return [name, value[1]];
      }),
    ) as IptablesTraits;
    known.set(minor, traits);
  }
  return traits;
}
