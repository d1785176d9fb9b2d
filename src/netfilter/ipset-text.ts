/** Sets as `ipset save` and `ipset list` print them (ipset 7.17). */
import type { IPFamily } from '../base/address.js';
import type { NamedSet } from './ipvs/types.js';

/** The sizes that kube-proxy makes sets with. The kernel adds a number drawn for each set, which is left out. */
function header({ type }: NamedSet, family: IPFamily): string {
  return type.startsWith('bitmap:')
    ? 'range 0-65535'
    : `family ${family === 'IPv4' ? 'inet' : 'inet6'} hashsize 1024 maxelem 65536`;
}

/** One set as `ipset save` prints it. Members stand by text, since the kernel's order is that of a hash with a drawn seed. */
export function savedSet(set: NamedSet, family: IPFamily): string {
  const lines = [
    `create ${set.name} ${set.type} ${header(set, family)}`,
    ...set.entries.map(({ text }) => `add ${set.name} ${text}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** One set as `ipset list` prints it, without its revision and size in memory, which are the kernel's. */
export function listedMembers(set: NamedSet, family: IPFamily, references: number): string {
  const lines = [
    `Name: ${set.name}`,
    `Type: ${set.type}`,
    `Header: ${header(set, family)}`,
    `References: ${references}`,
    `Number of entries: ${set.entries.length}`,
    'Members:',
    ...set.entries.map(({ text }) => text),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
