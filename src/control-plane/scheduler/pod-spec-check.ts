import { Ajv2020 } from 'ajv/dist/2020.js';
import { QuestionError } from '../../base/errors.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';

const object = (properties: object, ...required: string[]) => ({ type: ['object', 'null'], properties, required });
const list = (items: object) => ({ type: ['array', 'null'], items });
const text = { type: 'string' };
const number = { type: 'number' };

/** Items of lists are there: only what holds them may be null. */
const item = (properties: object, ...required: string[]) => ({ ...object(properties, ...required), type: 'object' });

const requirements = list(item({ key: text, operator: text, values: list(text) }, 'key', 'operator'));
const labelSelector = object({
  matchLabels: { type: 'object', additionalProperties: text },
  matchExpressions: requirements,
});
const nodeTerm = object({ matchExpressions: requirements, matchFields: requirements });
const podTerm = {
  ...object(
    {
      labelSelector,
      namespaceSelector: labelSelector,
      namespaces: list(text),
      topologyKey: text,
      matchLabelKeys: list(text),
      mismatchLabelKeys: list(text),
    },
    'topologyKey',
  ),
  type: 'object',
};
const weighted = (key: string, term: object) =>
  list({ ...object({ weight: number, [key]: term }, 'weight', key), type: 'object' });
const podTerms = object({
  requiredDuringSchedulingIgnoredDuringExecution: list(podTerm),
  preferredDuringSchedulingIgnoredDuringExecution: weighted('podAffinityTerm', podTerm),
});
const quantities = { type: 'object', additionalProperties: { type: ['string', 'number'] } };

const validate = new Ajv2020({ allowUnionTypes: true }).compile(
  object({
    affinity: object({
      nodeAffinity: object({
        requiredDuringSchedulingIgnoredDuringExecution: object({
          nodeSelectorTerms: list({ ...nodeTerm, type: 'object' }),
        }),
        preferredDuringSchedulingIgnoredDuringExecution: weighted('preference', { ...nodeTerm, type: 'object' }),
      }),
      podAffinity: podTerms,
      podAntiAffinity: podTerms,
    }),
    topologySpreadConstraints: list({
      ...object(
        {
          maxSkew: number,
          topologyKey: text,
          whenUnsatisfiable: text,
          labelSelector,
          minDomains: number,
          nodeAffinityPolicy: text,
          nodeTaintsPolicy: text,
          matchLabelKeys: list(text),
        },
        'maxSkew',
        'topologyKey',
        'whenUnsatisfiable',
      ),
      type: 'object',
    }),
    overhead: quantities,
    resources: object({ requests: quantities }),
  }),
);

/**
 * Checks the fields of a pod's spec that only the scheduler reads, which a snapshot's validation leaves alone. Throws
 * QuestionError INVALID_SNAPSHOT.
 */
export function checkSchedulingFields(pod: Pod): void {
  const spec = pod.spec as Readonly<Record<string, unknown>> | undefined;
  if (spec === undefined || validate(spec)) return;
  const [first] = validate.errors ?? [];
  const place = `spec${(first?.instancePath ?? '').replaceAll('/', '.')}`;
  const detail = `Pod ${namespacedName(pod)}: ${place} ${first?.message ?? 'is not valid'}, as the Kubernetes API defines it.`;
  throw new QuestionError('INVALID_SNAPSHOT', detail, [{ in: 'snapshot', pointer: '', detail }]);
}
