import { pointer as join, pointerToken } from '../base/errors.js';
import { snapshotError } from './problems.js';

/** How deeply a snapshot's values may be nested. The deepest Kubernetes objects (CRD schemas) stay under half of it. */
const MAX_DEPTH = 200;

/** How many objects and arrays are walked: five times what 512 MiB of objects hold; YAML aliases could make more. */
const MAX_VALUES = 50_000_000;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The pointer of the first key `__proto__`, found again with its path once it is known to be there. */
function pointerOfProto(root: unknown): string {
  const open: { readonly value: unknown; readonly path: string }[] = [{ value: root, path: '' }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (!isObject(next.value)) continue;
    for (const key of Object.keys(next.value)) {
      const path = `${next.path}/${pointerToken(key)}`;
      if (key === '__proto__') return path;
      open.push({ value: next.value[key], path });
    }
  }
  return join('__proto__');
}

/** What a walk came upon that must not be. */
type Fault = 'DEPTH' | 'VALUES' | 'PROTO';

/** Walks everything below a value. Recursion is safe here since it stops at {@link MAX_DEPTH}, and needs no memory. */
class Walk {
  #values = 0;
  /** How many fields the objects have. */
  fields = 0;

  faultIn(value: object, depth: number): Fault | undefined {
    if (depth > MAX_DEPTH) return 'DEPTH';
    if (++this.#values > MAX_VALUES) return 'VALUES';
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        const item: unknown = value[i];
        if (typeof item !== 'object' || item === null) continue;
        const fault = this.faultIn(item, depth + 1);
        if (fault !== undefined) return fault;
      }
      return undefined;
    }
    let fields = 0;
    for (const key in value) {
      fields++;
      if (key === '__proto__') return 'PROTO';
      const item = (value as Record<string, unknown>)[key];
      if (typeof item !== 'object' || item === null) continue;
      const fault = this.faultIn(item, depth + 1);
      if (fault !== undefined) return fault;
    }
    this.fields += fields;
    return undefined;
  }
}

/**
 * Makes sure that whatever reads the value later may recurse and may use its keys: at most {@link MAX_DEPTH} levels,
 * and no key `__proto__`, which an assignment to a copy would take for the copy's prototype. (`constructor` and
 * `prototype` are legal label keys and harmless as own properties.) Returns how many fields its objects have. Throws
 * QuestionError.
 */
export function checkShape(root: unknown, prefix: string, file: string | undefined): number {
  const walk = new Walk();
  const fault = isObject(root) ? walk.faultIn(root, 1) : undefined;
  if (fault === 'DEPTH') {
    const detail = `The snapshot is nested more than ${MAX_DEPTH} levels deep; Kubernetes objects never are.`;
    throw snapshotError('MALFORMED', prefix, detail, file);
  }
  if (fault === 'VALUES') {
    const detail = `The snapshot holds more than ${MAX_VALUES} objects and arrays, aliases expanded.`;
    throw snapshotError('TOO_LARGE', prefix, detail, file);
  }
  if (fault === 'PROTO') {
    const detail = 'The key "__proto__" is not allowed anywhere in a snapshot; remove it.';
    throw snapshotError('INVALID_SNAPSHOT', prefix + pointerOfProto(root), detail, file);
  }
  return walk.fields;
}
