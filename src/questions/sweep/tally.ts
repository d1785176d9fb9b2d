/** What becomes of all new connections to one Service port, added up by endpoint and verdict. */
import { joinHostPort } from '../../base/address.js';
import { add, type Fraction, multiply, ZERO } from '../../base/fraction.js';
import type { EndpointRef } from '../../contract/answers.js';
import type { Fabric } from '../../path/fabric.js';
import type { Journey } from '../../path/trail.js';
import type { PathVerdict } from '../../path/verdict.js';
import { receiverRef } from '../path/trace.js';

const VERDICTS = ['DELIVERED', 'DROPPED', 'REJECTED', 'UNREACHABLE', 'UNKNOWN'] as const;

/** Shares of all connections by verdict, in the order of {@link VERDICTS}. */
export type Masses = readonly [Fraction, Fraction, Fraction, Fraction, Fraction];

export const NO_MASSES: Masses = [ZERO, ZERO, ZERO, ZERO, ZERO];

function addMass(masses: Masses, verdict: PathVerdict, share: Fraction): Masses {
  const sums = [...masses] as [Fraction, Fraction, Fraction, Fraction, Fraction];
  const at = VERDICTS.indexOf(verdict);
  sums[at] = add(sums[at] as Fraction, share);
  return sums;
}

export function addMasses(a: Masses, b: Masses): Masses {
  return a.map((share, index) => add(share, b[index] as Fraction)) as unknown as Masses;
}

export function times(masses: Masses, factor: Fraction): Masses {
  return masses.map((share) => multiply(share, factor)) as unknown as Masses;
}

/** What becomes of the connections that were sent to one endpoint. */
export interface EndpointTally {
  readonly id: string;
  readonly address: string;
  /** As answers name it; of one that no connection is delivered to, only its address. */
  readonly ref: EndpointRef;
  readonly masses: Masses;
}

export interface Tally {
  /** In the order in which answers list endpoints. */
  readonly endpoints: readonly EndpointTally[];
  /** Connections that came to no endpoint. */
  readonly others: Masses;
}

/** Adds up journeys. A journey that ends at an endpoint of the Service counts there, whatever its verdict. */
export function tallyOf(fabric: Fabric, journeys: readonly Journey[]): Tally {
  const endpoints = new Map<string, EndpointTally>();
  let others = NO_MASSES;
  for (const journey of journeys) {
    const { verdict, receiver, packet, chance } = journey;
    const address = receiver?.address ?? packet.destination;
    const port = receiver?.port ?? packet.destinationPort ?? 0;
    const id = joinHostPort(address, port);
    if (receiver === undefined && fabric.endpoint(id) === undefined) {
      others = addMass(others, verdict, chance.nominal);
      continue;
    }
    const key = `${address} ${receiver === undefined ? port : (receiver.port ?? '')}`;
    const known = endpoints.get(key);
    const named = known !== undefined && (verdict !== 'DELIVERED' || known.masses[0] !== ZERO);
    const ref = named ? known.ref : receiver === undefined ? { address, port } : receiverRef(fabric, receiver);
    const masses = addMass(known?.masses ?? NO_MASSES, verdict, chance.nominal);
    endpoints.set(key, { id, address, ref, masses });
  }
  const sorted = [...endpoints].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return { endpoints: sorted.map(([, tally]) => tally), others };
}
