/** One snapshot of a cluster: whole, or not at all. */
import type { Api } from './api.js';
import { CollectError } from './collect-error.js';
import { CONFIG_MAPS, RESOURCES } from './collected-resources.js';
import { trimmed } from './trim.js';

export interface Collected {
  /** A List as `kubectl get … -o json` prints it. */
  readonly body: Buffer;
  /** How many objects of each kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** Resources that may not be listed. */
  readonly forbidden: readonly string[];
}

/** So many lists are read at once. */
const AT_ONCE = 4;

async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/** Reads every resource. Throws CollectError where one cannot be read that the snapshot would be wrong without. */
export async function collectSnapshot(api: Api): Promise<Collected> {
  const texts: string[] = [];
  const counts: Record<string, number> = {};
  const add = (item: unknown, kind: string, apiVersion: string) => {
    texts.push(JSON.stringify(trimmed(item, kind, apiVersion)));
    counts[kind] = (counts[kind] ?? 0) + 1;
  };
  const lists = await inTurns(RESOURCES, async (resource) => ({ resource, listed: await api.list(resource) }));
  const forbidden: string[] = [];
  for (const { resource, listed } of lists) {
    const { name, required } = resource;
    if (typeof listed === 'string') {
      if (required) {
        const why = listed === 'FORBIDDEN' ? 'may not be listed: see the rights in docs/collector.md' : 'are not there';
        throw new CollectError(`${name} ${why}.`);
      }
      if (listed === 'FORBIDDEN') forbidden.push(name);
      continue;
    }
    for (const item of listed.items) add(item, listed.kind, listed.apiVersion);
  }
  const maps = await inTurns(CONFIG_MAPS, (name) => api.get(`/api/v1/namespaces/kube-system/configmaps/${name}`));
  for (const map of maps) if (map !== undefined) add(map, 'ConfigMap', 'v1');
  const body = Buffer.from(`{"kind":"List","apiVersion":"v1","items":[${texts.join(',\n')}]}\n`, 'utf8');
  return { body, counts, forbidden };
}
