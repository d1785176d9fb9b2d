/** What rules of policies have in common: a peer or a port matches, or the first reason why it does not. */

import { addressFamily, addressOf, type Cidr, cidrContains, type IPFamily, networkOf } from '../base/address.js';
import { fieldsOf } from '../base/record.js';
import { scalarText } from '../base/scalar-text.js';

import type { End, Flow } from './flow.js';

/** Why a rule does not match. */
export type Mismatch = 'PEER' | 'NAMESPACE' | 'PORT' | 'PROTOCOL' | 'FAMILY';

/** `undefined`: it matches; `UNKNOWN`: labels would decide that the snapshot does not hold. */
export type Verdict = Mismatch | 'UNKNOWN' | undefined;

/** How near a rule came to matching: of several reasons the last one is reported. */
const NEARNESS: readonly Verdict[] = ['FAMILY', 'NAMESPACE', 'PEER', 'PROTOCOL', 'PORT', 'UNKNOWN', undefined];

/** The best of what alternatives come to; `none` where there is no alternative. Looks no further than a match. */
export function best<T>(alternatives: readonly T[], none: Verdict, verdictOf: (one: T) => Verdict): Verdict {
  let found = none;
  for (let index = 0; index < alternatives.length; index++) {
    const one = verdictOf(alternatives[index] as T);
    if (one === undefined) return undefined;
    if (index === 0 || NEARNESS.indexOf(one) > NEARNESS.indexOf(found)) found = one;
  }
  return found;
}

/** A CIDR of a policy, read once. */
export interface Network {
  readonly cidr: Cidr;
  /** The family that it is written in. */
  readonly family: IPFamily | undefined;
}

/** Reads a value of a policy as a CIDR; undefined if it is not one. */
export function readNetwork(value: unknown): Network | undefined {
  const cidr = typeof value === 'string' ? networkOf(value) : undefined;
  return cidr === undefined ? undefined : { cidr, family: addressFamily(scalarText(value).replace(/\/.*$/, '')) };
}

/** Whether an address is in a network. */
export function inNetwork(network: Network | undefined, address: string): Verdict {
  const own = addressOf(address);
  if (network === undefined || own === undefined) return 'PEER';
  if (network.family !== own.family) return 'FAMILY';
  return cidrContains(network.cidr, own) ? undefined : 'PEER';
}

/** Whether the destination pod gives a port of this protocol the name. */
export function namesPort({ pod }: End, name: string, flow: Flow): Verdict {
  const containers = pod?.spec?.containers ?? [];
  const named = containers.flatMap(({ ports }) => ports ?? []).filter((port) => port.name === name);
  if (named.some((port) => (port.protocol ?? 'TCP') === flow.protocol && port.containerPort === flow.port)) {
    return undefined;
  }
  return named.some((port) => (port.protocol ?? 'TCP') === flow.protocol)
    ? 'PORT'
    : named.length > 0
      ? 'PROTOCOL'
      : 'PORT';
}

/** Whether a number is a port from `first` to `last`. */
export function inRange(port: number | undefined, first: unknown, last: unknown): Verdict {
  if (port === undefined || typeof first !== 'number') return 'PORT';
  return port >= first && port <= (typeof last === 'number' ? last : first) ? undefined : 'PORT';
}

/** Whether a field of a policy is given: null counts as absent, as the API server takes it. */
export const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

/** A list of a policy; anything else is an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export { fieldsOf };
