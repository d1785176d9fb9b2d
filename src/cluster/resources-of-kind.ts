/** The objects of a kind among a cluster's, without going through all of them after each change. */
import { remember } from '../base/remember.js';
import type { Cluster } from './cluster.js';
import type { Resource } from './resources.js';

type Resources = Cluster['resources'];

const ofBases = new WeakMap<Resources['base'], ReadonlyMap<string, readonly Resource[]>>();
const ofVariants = new WeakMap<Resources, Map<string, readonly Resource[]>>();

function byKind(base: Resources['base']): ReadonlyMap<string, readonly Resource[]> {
  const found = new Map<string, Resource[]>();
  for (const one of base.values()) remember(found, one.kind, (): Resource[] => []).push(one);
  return found;
}

function among({ base, replacements }: Resources, kind: string): readonly Resource[] {
  const shared = remember(ofBases, base, () => byKind(base)).get(kind) ?? [];
  const replaced = new Map<Resource, Resource | undefined>();
  const added: Resource[] = [];
  for (const [key, is] of replacements) {
    const was = base.get(key);
    if (was?.kind === kind) replaced.set(was, is);
    else if (was === undefined && is?.kind === kind) added.push(is);
  }
  if (replaced.size === 0 && added.length === 0) return shared;
  const kept = shared.flatMap((one) => (replaced.has(one) ? (replaced.get(one) ?? []) : [one]));
  return [...kept, ...added];
}

/** The objects of a kind, of any API group: in the order of the snapshot, then those that were added. */
export function resourcesOfKind({ resources }: Pick<Cluster, 'resources'>, kind: string): readonly Resource[] {
  const known = remember(ofVariants, resources, () => new Map<string, readonly Resource[]>());
  return remember(known, kind, () => among(resources, kind));
}
