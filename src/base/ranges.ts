/** Networks that hold others. */
import { addressWidth, type Cidr, makeCidr } from './address.js';

const firstBits = ({ family, bits }: Cidr, length: number) => bits >> BigInt(addressWidth(family) - length);

/** Whether a network is within another one. */
function isWithin(one: Cidr, other: Cidr): boolean {
  const { length } = other;
  return one.family === other.family && one.length >= length && firstBits(one, length) === firstBits(other, length);
}

/** Whether other networks hold all of a network together: two halves hold the whole. */
export function isCovered(network: Cidr, others: readonly Cidr[]): boolean {
  if (others.some((other) => isWithin(network, other))) return true;
  // What is left is smaller: each step halves the network, and ends where no other one is inside.
  const inside = others.filter((other) => isWithin(other, network));
  if (inside.length === 0) return false;
  const { family, bits, length } = network;
  const half = 1n << BigInt(addressWidth(family) - length - 1);
  return [bits, bits + half].every((begin) => isCovered(makeCidr(family, begin, length + 1), inside));
}
