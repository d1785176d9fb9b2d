import { isDeepStrictEqual } from '../base/deep-equal.js';
import type { Workload } from '../cluster/objects.js';
import { safeText } from './generated-name.js';

/** The label by which the Deployment controller tells the pods of its ReplicaSets apart. */
export const HASH_LABEL = 'pod-template-hash';

type Template = NonNullable<NonNullable<Workload['spec']>['template']>;

function withoutHash(template: Template | undefined): Template {
  const { [HASH_LABEL]: _hash, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}

/** Whether two templates make the same pods (`deployment/util.EqualIgnoreHash`). */
export function sameTemplate(a: Template | undefined, b: Template | undefined): boolean {
  return isDeepStrictEqual(withoutHash(a), withoutHash(b));
}

/**
 * A hash of a template in the form of Kubernetes' own, which rests on how Go prints the object and is not reproduced: equal
 * templates give equal hashes, and `taken` hashes are not given again.
 */
export function templateHash(seed: string, template: Template | undefined, taken: (hash: string) => boolean): string {
  for (let collisions = 0; ; collisions++) {
    const hash = safeText(`${seed}/${JSON.stringify(withoutHash(template))}/${collisions}`, 9);
    if (!taken(hash)) return hash;
  }
}
