import { podSpecDefaults } from '../api-server/defaults/pod-spec.js';
import { storedForm } from '../api-server/stored-form.js';
import { isDeepStrictEqual } from '../base/deep-equal.js';
import { remember } from '../base/remember.js';
import type { Workload } from '../cluster/objects.js';
import { safeText } from './generated-name.js';

/** The label by which the Deployment controller tells the pods of its ReplicaSets apart. */
export const HASH_LABEL = 'pod-template-hash';

type Template = NonNullable<NonNullable<Workload['spec']>['template']>;

function withoutHash(template: Template | undefined): Template {
  const { [HASH_LABEL]: _hash, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}

const wholes = new WeakMap<object, Template>();

/** A template with its defaults, which trimmed snapshots lack. */
function whole(template: Template | undefined): Template {
  const make = (): Template => {
    const { spec, ...rest } = withoutHash(template);
    return storedForm({ ...rest, spec: podSpecDefaults((spec ?? {}) as never) }, 'PodTemplateSpec') as Template;
  };
  return template === undefined ? make() : remember(wholes, template, make);
}

/** Whether two templates make the same pods (`deployment/util.EqualIgnoreHash`). */
export function sameTemplate(a: Template | undefined, b: Template | undefined): boolean {
  return a === b || isDeepStrictEqual(withoutHash(a), withoutHash(b)) || isDeepStrictEqual(whole(a), whole(b));
}

/**
 * A hash of a template in the form of Kubernetes' own, which rests on how Go prints the object and is not reproduced:
 * equal templates give equal hashes, and `taken` hashes are not given again.
 */
export function templateHash(seed: string, template: Template | undefined, taken: (hash: string) => boolean): string {
  for (let collisions = 0; ; collisions++) {
    const hash = safeText(`${seed}/${JSON.stringify(withoutHash(template))}/${collisions}`, 9);
    if (!taken(hash)) return hash;
  }
}
