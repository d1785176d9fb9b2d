import type { Packet } from '../packet.js';
import type { Chain, Rule } from '../ruleset.js';

/** Where a packet is in the rules: the next rule of a chain, and where it goes on after that chain. */
export interface Frame {
  readonly chain: Chain;
  /** The chain's rules that the packet can match. */
  readonly rules: readonly Rule[];
  readonly index: number;
  /** Random rules of this chain that the packet passed over since the last step. */
  readonly passedOver: number;
  /** Where it goes on; undefined in a base chain. */
  readonly caller: Frame | undefined;
}

/** How deep chains may call each other. iptables itself refuses loops and has no deeper nesting in practice. */
const DEEPEST = 64;

/** The beginning of a chain, entered from `caller`. */
export function enter(chain: Chain, packet: Packet, caller: Frame | undefined): Frame {
  const rules = chain.select === undefined ? chain.rules : chain.select(packet);
  return { chain, rules, index: 0, passedOver: 0, caller };
}

/** Whether the chain is being walked already, or the nesting is too deep: a loop, which the kernel refuses to load. */
export function isLoop(chain: Chain, frame: Frame): boolean {
  let depth = 0;
  for (let entry: Frame | undefined = frame; entry !== undefined; entry = entry.caller) {
    if (entry.chain.name === chain.name || ++depth >= DEEPEST) return true;
  }
  return false;
}

/** 1-based place of a rule in its chain, where places mean something. */
export function positionOf(frame: Frame, rule: Rule): number | undefined {
  if (!frame.chain.ordered) return undefined;
  const index = frame.rules === frame.chain.rules ? frame.index : frame.chain.rules.indexOf(rule);
  return index + 1 + (rule.leftOutBefore ?? 0);
}
