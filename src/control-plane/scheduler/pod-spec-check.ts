import type { ValidateFunction } from 'ajv';
import { QuestionError } from '../../base/errors.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';
import { PodSpec } from './gen/validators.js';

const validate = PodSpec as unknown as ValidateFunction;

/**
 * Checks the fields of a pod's spec that only the scheduler reads, which a snapshot's validation leaves alone. Throws
 * QuestionError INVALID_SNAPSHOT.
 */
export function checkSchedulingFields(pod: Pod): void {
  const spec = pod.spec as Readonly<Record<string, unknown>> | undefined;
  if (spec === undefined || validate(spec)) return;
  const [first] = validate.errors ?? [];
  const place = `spec${(first?.instancePath ?? '').replaceAll('/', '.')}`;
  const detail =
    `Pod ${namespacedName(pod)}: ${place} ${first?.message ?? 'is not valid'}, ` + 'as the Kubernetes API defines it.';
  throw new QuestionError('INVALID_SNAPSHOT', detail, [{ in: 'snapshot', pointer: '', detail }]);
}
