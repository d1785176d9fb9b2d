/** Snapshots that the server has under names: which version an address such as `#/@prod@-1/services` means. */
import type { NamedSnapshots } from '../api/types.js';

type Version = NamedSnapshots['versions'][number];

/** The version that `prod`, `prod@-1` or `prod@TIME` means; undefined where there is none. */
export function versionOf(names: readonly NamedSnapshots[], reference: string): Version | undefined {
  const [name = '', which] = reference.split(/@(.*)/s);
  const versions = names.find((one) => one.name === name)?.versions ?? [];
  if (which === undefined) return versions[0];
  if (/^-\d{1,5}$/.test(which)) return versions[-Number(which)];
  const moment = Date.parse(which);
  return Number.isNaN(moment) ? undefined : versions.find(({ time }) => Date.parse(time) <= moment);
}

/** How long ago something was, as people say it: `5 minutes`. */
export function ageOf(time: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  const units = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ] as const;
  const [size, unit] = units.find(([least]) => seconds >= 2 * least) ?? [1, 'second'];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
