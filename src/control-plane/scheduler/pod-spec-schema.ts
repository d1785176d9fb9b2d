/**
 * The fields of a pod's spec that only the scheduler reads; tools/compile-schemas.mjs makes gen/validators.ts of it.
 */

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

export const SCHEMAS = {
  PodSpec: object({
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
};
