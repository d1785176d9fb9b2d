import type { KernelCase, KubernetesObject } from './kernel-case.js';

/** Candidates that are tried at most: a run of one takes a second or two. */
const MOST = 60;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const nameOf = (object: KubernetesObject) => (object.metadata as { name?: string } | undefined)?.name ?? '';
const labelsOf = (object: KubernetesObject) =>
  ((object.metadata as Fields | undefined)?.labels ?? {}) as Readonly<Record<string, string>>;

const withItems = (each: KernelCase, items: readonly KubernetesObject[]): KernelCase => ({
  ...each,
  snapshot: { ...each.snapshot, items },
});

/** Without every n-th part of a list, largest parts first. */
function* without<T>(list: readonly T[]): Generator<readonly T[]> {
  for (let size = list.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < list.length; at += size) yield [...list.slice(0, at), ...list.slice(at + size)];
  }
}

/** Without the Services of some part, and all that belongs to them. */
function* fewerServices(each: KernelCase): Generator<KernelCase> {
  const { items } = each.snapshot;
  const names = items.filter(({ kind }) => kind === 'Service').map(nameOf);
  for (const left of without(names)) {
    yield withItems(
      each,
      items.filter((object) => {
        if (object.kind === 'Service') return left.includes(nameOf(object));
        return object.kind !== 'EndpointSlice' || left.includes(labelsOf(object)['kubernetes.io/service-name'] ?? '');
      }),
    );
  }
}

/** Without the last node and its pods: the nodes of a plant are numbered from 1. */
function* fewerNodes(each: KernelCase): Generator<KernelCase> {
  const { items } = each.snapshot;
  const last = items.filter(({ kind }) => kind === 'Node').at(-1);
  if (last === undefined) return;
  const name = nameOf(last);
  yield withItems(
    each,
    items
      .filter((object) => object !== last && (object.spec as Fields | undefined)?.nodeName !== name)
      .map((object) =>
        object.kind === 'EndpointSlice'
          ? { ...object, endpoints: (object.endpoints as Fields[]).filter(({ nodeName }) => nodeName !== name) }
          : object,
      ),
  );
}

function* fewerPods(each: KernelCase): Generator<KernelCase> {
  const { items } = each.snapshot;
  for (const left of without(items.filter(({ kind }) => kind === 'Pod'))) {
    yield withItems(
      each,
      items.filter((object) => object.kind !== 'Pod' || left.includes(object)),
    );
  }
}

/** A value without one entry of a list or one field somewhere inside it. */
function* smaller(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    if (value.length > 0) for (const left of without(value)) yield left;
    for (const [index, entry] of value.entries())
      for (const less of smaller(entry)) yield [...value.slice(0, index), less, ...value.slice(index + 1)];
  } else if (isFields(value)) {
    for (const key of Object.keys(value)) {
      const { [key]: _, ...rest } = value;
      yield rest;
    }
    for (const [key, entry] of Object.entries(value))
      for (const less of smaller(entry)) yield { ...value, [key]: less };
  }
}

/** What may be missing of an object without making another object of it. */
function* plainerObjects(each: KernelCase): Generator<KernelCase> {
  const { items } = each.snapshot;
  const parts: Readonly<Record<string, readonly string[]>> = {
    Service: ['spec', 'status'],
    EndpointSlice: ['endpoints', 'ports'],
    Node: ['metadata'],
  };
  for (const [index, object] of items.entries()) {
    for (const part of parts[object.kind] ?? []) {
      for (const less of smaller(object[part])) {
        // A node without a name, or an endpoint without an address, is not what is being looked for.
        if (object.kind === 'Node' && (less as Fields).name !== nameOf(object)) continue;
        yield withItems(each, [...items.slice(0, index), { ...object, [part]: less }, ...items.slice(index + 1)]);
      }
    }
  }
}

function* plainerSettings(each: KernelCase): Generator<KernelCase> {
  for (const settings of smaller(each.settings)) yield { ...each, settings: settings as KernelCase['settings'] };
}

const WAYS = [fewerServices, fewerNodes, fewerPods, plainerSettings, plainerObjects] as const;

/**
 * The smallest case that can be found to fail as a given one does: fewer Services, nodes, pods, endpoints, settings and
 * fields. Tries each removal, takes those after which it still fails, and goes round until none is left or enough were
 * tried.
 *
 * @param fails tells whether a case fails; a case that cannot be run does not
 */
export async function shrink(
  failing: KernelCase,
  fails: (each: KernelCase) => Promise<boolean>,
  most = MOST,
): Promise<KernelCase> {
  let tried = 0;
  const stillFails = async (candidate: KernelCase) => {
    try {
      return await fails(candidate);
    } catch {
      return false;
    }
  };
  const pass = async (start: KernelCase): Promise<KernelCase> => {
    let best = start;
    for (const way of WAYS) {
      let found = true;
      while (found) {
        found = false;
        for (const candidate of way(best)) {
          if (tried++ >= most) return best;
          if (!(await stillFails(candidate))) continue;
          best = candidate;
          found = true;
          break;
        }
      }
    }
    return best;
  };
  let best = failing;
  for (;;) {
    const less = await pass(best);
    if (less === best || tried >= most) return less;
    best = less;
  }
}
