import type { Container, Pod } from '../../cluster/objects.js';
import { milliValue, wholeValue } from '../quantity.js';
import { schedulingSpec } from './scheduling-spec.js';

/** Amounts of resources: CPU in thousandths, everything else in whole units (bytes). */
export interface Resources {
  milliCPU: number;
  memory: number;
  ephemeralStorage: number;
  /** Extended resources and huge pages, by name. */
  readonly scalars: Map<string, number>;
}

/** What a container without requests counts as in NodeResourcesFit's score (scheduler util GetNonzeroRequests). */
const DEFAULT_MILLI_CPU = 100;
const DEFAULT_MEMORY = 200 * 1024 * 1024;

export function noResources(): Resources {
  return { milliCPU: 0, memory: 0, ephemeralStorage: 0, scalars: new Map() };
}

export function addResources(to: Resources, more: Resources): void {
  to.milliCPU += more.milliCPU;
  to.memory += more.memory;
  to.ephemeralStorage += more.ephemeralStorage;
  for (const [name, amount] of more.scalars) to.scalars.set(name, (to.scalars.get(name) ?? 0) + amount);
}

function raiseTo(resources: Resources, other: Resources): void {
  resources.milliCPU = Math.max(resources.milliCPU, other.milliCPU);
  resources.memory = Math.max(resources.memory, other.memory);
  resources.ephemeralStorage = Math.max(resources.ephemeralStorage, other.ephemeralStorage);
  for (const [name, amount] of other.scalars) {
    resources.scalars.set(name, Math.max(resources.scalars.get(name) ?? 0, amount));
  }
}

/** Amounts as a resource list spells them; what is absent or unreadable is 0. */
export function readResources(list: Readonly<Record<string, string>> | undefined): Resources {
  const resources = noResources();
  for (const [name, text] of Object.entries(list ?? {})) {
    if (name === 'cpu') resources.milliCPU = milliValue(text) ?? 0;
    else if (name === 'memory') resources.memory = wholeValue(text) ?? 0;
    else if (name === 'ephemeral-storage') resources.ephemeralStorage = wholeValue(text) ?? 0;
    else if (name !== 'pods') resources.scalars.set(name, wholeValue(text) ?? 0);
  }
  return resources;
}

function requestsOf(container: Container, nonZero: boolean): Resources {
  const requests = container.resources?.requests;
  const resources = readResources(requests);
  if (nonZero && requests?.cpu === undefined) resources.milliCPU = DEFAULT_MILLI_CPU;
  if (nonZero && requests?.memory === undefined) resources.memory = DEFAULT_MEMORY;
  return resources;
}

/**
 * What a pod asks for: the containers' sum plus its sidecars, at least the largest init container (beside the sidecars
 * started before it); pod-level requests replace CPU, memory and huge pages; overhead comes on top. With `nonZero`,
 * containers that do not request CPU or memory count with the defaults above. Source: component-helpers `PodRequests`.
 */
export function podRequests(pod: Pod, nonZero: boolean): Resources {
  const spec = schedulingSpec(pod);
  const total = noResources();
  for (const container of spec.containers ?? []) addResources(total, requestsOf(container, nonZero));
  const sidecars = noResources();
  const atStart = noResources();
  for (const container of spec.initContainers ?? []) {
    const requests = requestsOf(container, nonZero);
    if (container.restartPolicy === 'Always') {
      addResources(total, requests);
      addResources(sidecars, requests);
      raiseTo(atStart, sidecars);
    } else {
      addResources(requests, sidecars);
      raiseTo(atStart, requests);
    }
  }
  raiseTo(total, atStart);
  const podLevel = spec.resources?.requests;
  if (podLevel !== undefined) {
    const requests = readResources(podLevel);
    if (podLevel.cpu !== undefined) total.milliCPU = requests.milliCPU;
    if (podLevel.memory !== undefined) total.memory = requests.memory;
    for (const [name, amount] of requests.scalars) if (name.startsWith('hugepages-')) total.scalars.set(name, amount);
  }
  if (spec.overhead !== undefined) addResources(total, readResources(spec.overhead));
  return total;
}
