import type { IPFamily } from '../../base/address.js';
import type { Chain, Table } from '../ruleset.js';
import type { Element } from './types.js';

export type TableFamily = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev';

/** What a set or map is declared with. */
export interface SetDeclaration {
  readonly name: string;
  readonly isMap: boolean;
  /**
   * The types of the key's parts: `ipv4_addr`, `inet_proto`, `inet_service` … Empty: `typeof`, which {@link typeText}
   * has.
   */
  readonly type: readonly string[];
  /** Of a map: `verdict`, or the types of its data. */
  readonly data?: readonly string[];
  /** `typeof …` as it is written. */
  readonly typeText?: string;
  readonly flags?: readonly string[];
  /** Seconds. */
  readonly timeout?: number;
  readonly size?: number;
  readonly comment?: string;
  /**
   * Lines of its declaration that are kept as they are: `counter`, `policy memory`, `auto-merge`, `gc-interval 10s`.
   */
  readonly notes?: readonly string[];
}

/** A set or map of a table. Its elements may be made on demand. */
export interface NamedSet extends SetDeclaration {
  elements(): Iterable<Element>;
  /** The element that holds the key, one canonical text for each part; undefined: there is none. */
  find(key: readonly string[]): Element | undefined;
}

/** A table of nftables: chains, sets and maps. */
export interface NftTable extends Table {
  readonly family: TableFamily;
  readonly comment?: string;
  set(name: string): NamedSet | undefined;
  sets(): Iterable<NamedSet>;
  /** Comments of chains. */
  commentOf?(chain: Chain): string | undefined;
}

/** Whether a table sees packets of the family. */
export function seesFamily(family: TableFamily, packets: IPFamily): boolean {
  return family === 'inet' || family === (packets === 'IPv4' ? 'ip' : 'ip6');
}
