import type { Node } from '../cluster/objects.js';
import { ZONE_LABEL } from '../cluster/objects.js';
import { milliValue } from './quantity.js';

/** How much a zone's endpoints may be loaded above the average. */
const OVERLOAD_THRESHOLD = 0.2;
const LEAST_SHARE = 1 / (1 + OVERLOAD_THRESHOLD);

/** How many endpoints a zone should get. */
export interface ZoneAllocation {
  readonly minimum: number;
  readonly maximum: number;
  readonly desired: number;
}

const EXCLUDED_LABELS = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/**
 * Each zone's share of the allocatable CPU of the nodes that are ready and no control plane nodes; zones in byte order
 * of their names. Undefined where one such node has no zone or no CPU, or all are in one zone: then there are no
 * hints. Source: Kubernetes 1.36 endpointslice/topologycache `SetNodes`.
 */
export function cpuRatiosByZone(nodes: Iterable<Node>): ReadonlyMap<string, number> | undefined {
  const cpuByZone = new Map<string, number>();
  let total = 0;
  for (const node of nodes) {
    const labels = node.metadata.labels ?? {};
    if (EXCLUDED_LABELS.some((label) => labels[label] !== undefined)) continue;
    if (node.status?.conditions?.find((condition) => condition.type === 'Ready')?.status !== 'True') continue;
    const zone = labels[ZONE_LABEL];
    const cpu = milliValue(node.status?.allocatable?.cpu) ?? 0;
    if (!zone || cpu === 0) return undefined;
    total += cpu;
    cpuByZone.set(zone, (cpuByZone.get(zone) ?? 0) + cpu);
  }
  if (cpuByZone.size < 2) return undefined;
  return new Map([...cpuByZone].sort(([a], [b]) => (a < b ? -1 : 1)).map(([zone, cpu]) => [zone, cpu / total]));
}

/** Each zone's allocation of `endpoints` ready endpoints, or why there cannot be one. */
export function allocateZones(
  ratios: ReadonlyMap<string, number> | undefined,
  endpoints: number,
): ReadonlyMap<string, ZoneAllocation> | string {
  if (ratios === undefined) {
    return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  }
  const numbers = `(${endpoints} endpoints, ${ratios.size} zones)`;
  if (ratios.size > endpoints) return `Insufficient number of endpoints ${numbers}`;
  const desired = [...ratios].map(([zone, ratio]) => ({ zone, desired: ratio * endpoints }));
  const minima = desired.map((one) => Math.ceil(one.desired * LEAST_SHARE));
  const spare = endpoints - minima.reduce((sum, minimum) => sum + minimum, 0);
  if (spare < 0) {
    return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${numbers}`;
  }
  return new Map(
    desired.map((one, i) => {
      const minimum = minima[i] as number;
      return [one.zone, { minimum, maximum: minimum + spare, desired: Math.max(one.desired, minimum) }];
    }),
  );
}

/** Whether a Service with so many hinted endpoints per zone has too few in some zone (`GetOverloadedServices`). */
export function isOverloaded(
  hintsByZone: ReadonlyMap<string, number>,
  ratios: ReadonlyMap<string, number> | undefined,
): boolean {
  if (hintsByZone.size === 0) return false;
  if (ratios === undefined) return true;
  let total = 0;
  for (const count of hintsByZone.values()) total += count;
  for (const [zone, ratio] of ratios) {
    const count = hintsByZone.get(zone);
    if (count === undefined || count < Math.ceil(total * ratio * LEAST_SHARE)) return true;
  }
  return false;
}

function most(zones: ReadonlyMap<string, number>): [string | undefined, number] {
  let zone: string | undefined;
  let number = 0;
  for (const [name, amount] of zones) {
    if (amount > number) {
      zone = name;
      number = amount;
    }
  }
  return [zone, number];
}

/** How many endpoints zones have to give to others, and how many they receive. */
export interface Redistribution {
  readonly giving: Map<string, number>;
  readonly receiving: Map<string, number>;
}

/**
 * Which zones give endpoints and which receive them, so that what is allocated comes close to what is desired: one at a
 * time from the largest surplus to the largest deficit. Equal ones: first zone by name (Kubernetes: at random).
 */
export function redistribute(
  allocations: ReadonlyMap<string, ZoneAllocation>,
  allocated: ReadonlyMap<string, number>,
): Redistribution {
  const surplus = new Map<string, number>();
  const deficit = new Map<string, number>();
  for (const [zone, { desired }] of allocations) {
    const count = allocated.get(zone) ?? 0;
    if (count > desired) surplus.set(zone, count - desired);
    else if (count < desired) deficit.set(zone, desired - count);
  }
  const giving = new Map<string, number>();
  const receiving = new Map<string, number>();
  for (;;) {
    const [giver, toGive] = most(surplus);
    const [receiver, toReceive] = most(deficit);
    if (giver === undefined || receiver === undefined) break;
    if ((toGive < 1 && toReceive < 1) || toGive < 0.5 || toReceive < 0.5) break;
    giving.set(giver, (giving.get(giver) ?? 0) + 1);
    surplus.set(giver, toGive - 1);
    receiving.set(receiver, (receiving.get(receiver) ?? 0) + 1);
    deficit.set(receiver, toReceive - 1);
  }
  return { giving, receiving };
}
