import type { IPFamily } from '../base/address.js';
import type { Language } from './language.js';
import type { LeftOut } from './left-out.js';
import type { Packet } from './packet.js';
import type { Chance, WalkEnvironment } from './walk/types.js';

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

/** A statement of a rule; its language knows what it has beside its kind. */
export interface Statement {
  readonly kind: string;
}

/** What a rule was written for. */
export interface Origin {
  /** `namespace/name` of the Service. */
  readonly service: string;
  /** The Service port: `name`, `port` and protocol (upper case), as far as the rule is about one. */
  readonly portName?: string;
  readonly port?: number;
  readonly protocol?: string;
  /** `address:port` of the endpoint, for rules that lead to one. */
  readonly endpoint?: string;
}

/** A rule: an ordered list of statements (matches, then what to do), in the order in which they are written. */
export interface Rule {
  readonly chain: string;
  readonly statements: readonly Statement[];
  /** The language in which it is written, where that is not the one of the ruleset it is in. */
  readonly language?: Language;
  readonly origin?: Origin;
  /** Where rules were parsed: 1-based line of the text, and the verbatim text. */
  readonly line?: number;
  readonly text?: string;
  /** It stands for so many rules in a row, each with one chance in what is left for one endpoint. */
  readonly leftOut?: LeftOut;
  /** So many rules before it in its chain are left out. */
  readonly leftOutBefore?: number;
}

export interface BaseChain {
  /** `nat` sees only the packet that opens a flow, until it is translated at the hook. */
  readonly type: 'filter' | 'nat' | 'route';
  readonly hook: Hook;
  /** Netfilter priority: raw -300, mangle -150, nat -100 (destination) and 100 (source), filter 0. */
  readonly priority: number;
  readonly policy: 'ACCEPT' | 'DROP';
}

/** A chain. Rules may be made on demand; asking twice gives the same array. */
export interface Chain {
  readonly name: string;
  /** Set for chains that a hook calls. */
  readonly base?: BaseChain;
  readonly rules: readonly Rule[];
  /**
   * For chains with thousands of rules of which a packet can match only a few: those few, in chain order. The rules
   * left out must be ones that this packet cannot match. Absent: look at all rules.
   */
  select?(packet: Packet): readonly Rule[];
  /** Whether a rule's place in this chain is meaningful (false where kube-proxy's own order is random). */
  readonly ordered: boolean;
}

export interface Table {
  readonly name: string;
  /**
   * The language of its rules, where that is not the one of the ruleset: a node may have rules of iptables and of
   * nftables.
   */
  readonly language?: Language;
  chain(name: string): Chain | undefined;
  /** All chains, in the order of their declaration. May make every chain: not for hot paths. */
  chains(): Iterable<Chain>;
  /** The chains that hooks call. */
  readonly baseChains: readonly Chain[];
}

/** One of the ways on which a balancer sends a packet. */
interface BalancedWay {
  /** Absent: certain. */
  readonly chance?: Chance | undefined;
  /** The entry that says so, as a step names it. */
  readonly rule: Rule;
  readonly packet: Packet;
  /** The packet is for this host and goes on in the hook; otherwise it is sent out anew. */
  readonly stays: boolean;
  /** It stands for so many real servers, each as likely, that are not followed. */
  readonly leftOut?: LeftOut;
}

/** What a balancer does with a packet that it takes. */
export interface Taking {
  /** The virtual server, as a step names it. */
  readonly chain: string;
  readonly origin?: Origin;
  readonly ways: readonly BalancedWay[];
  /** How likely it finds nobody to send the packet to and refuses it; absent: never. */
  readonly refused: Chance | undefined;
  /** Why it is not known what it does. */
  readonly unknown?: string;
  /** It refuses since nobody of this host is there whom the packet might go to. */
  readonly wantsLocal?: boolean | undefined;
}

/** Something that is no chain and takes packets at a hook, among the base chains by its priority. */
export interface HookBalancer {
  readonly name: string;
  readonly places: readonly { readonly hook: Hook; readonly priority: number }[];
  /** What it does with the packet; undefined where it has no chain of its own. */
  take(packet: Packet, environment: WalkEnvironment): Taking | undefined;
}

/** The rules of one family on one node, whether made by a renderer or parsed from text. */
export interface Ruleset {
  readonly family: IPFamily;
  /** The language in which the rules are written. */
  readonly language: Language;
  readonly tables: readonly Table[];
  /** What is at hooks beside the chains. */
  readonly balancers?: readonly HookBalancer[];
}
