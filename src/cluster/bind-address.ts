import { canonicalAddress } from '../base/address.js';

/** `ADDRESS:PORT`, `[ADDRESS]:PORT`, or an address alone, as kube-proxy's bind addresses are written. */
const BIND = /^(?:\[([^\]]*)\]|([^:]*)|([0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*))(?::(\d+))?$/i;
const EVERY = ['', '0.0.0.0', '::'];

/**
 * Whether a server that listens on `bind` accepts a connection to the address (canonical text) and port;
 * without a port of its own it listens on the usual one. Port 0 means that it does not listen.
 */
export function bindsTo(bind: string, usualPort: number, address: string, port: number | undefined): boolean {
  const match = BIND.exec(bind);
  const host = match?.[1] ?? match?.[2] ?? match?.[3] ?? '';
  const own = match?.[4] === undefined ? usualPort : Number(match[4]);
  if (match === null || own === 0 || own !== port) return false;
  return EVERY.includes(host) || canonicalAddress(host) === address;
}
