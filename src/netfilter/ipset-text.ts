/** Sets as `ipset save` and `ipset list` print them (ipset 7.17). */
import type { IPFamily } from '../base/address.js';
import type { NamedSet } from './ipvs/types.js';

/** The sizes that kube-proxy makes sets with. The kernel adds a number drawn for each set, which is left out. */
function header({ type }: NamedSet, family: IPFamily): string {
  return type.startsWith('bitmap:')
    ? 'range 0-65535'
    : `family ${family === 'IPv4' ? 'inet' : 'inet6'} hashsize 1024 maxelem 65536`;
}

/**
 * The entries that the kernel takes: no set of networks holds one of length 0 (net/netfilter/ipset/ip_set_hash_gen.h).
 */
function heldBy({ type, entries }: NamedSet): readonly string[] {
  const texts = entries.map(({ text }) => text);
  return /[:,]net/.test(type) ? texts.filter((text) => !text.endsWith('/0')) : texts;
}

/**
 * One set as `ipset save` prints it. Members are by text, since the kernel's order is that of a hash with a drawn
 * seed.
 */
export function savedSet(set: NamedSet, family: IPFamily): string {
  const lines = [
    `create ${set.name} ${set.type} ${header(set, family)}`,
    ...heldBy(set).map((text) => `add ${set.name} ${text}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** One set as `ipset list` prints it, without its revision and size in memory, which are the kernel's. */
export function listedMembers(set: NamedSet, family: IPFamily, references: number): string {
  const members = heldBy(set);
  const lines = [
    `Name: ${set.name}`,
    `Type: ${set.type}`,
    `Header: ${header(set, family)}`,
    `References: ${references}`,
    `Number of entries: ${members.length}`,
    'Members:',
    ...members,
  ];
  return lines.map((line) => `${line}\n`).join('');
}
