/**
 * How lists of Kubernetes objects are merged: by the fields that tell their items apart, as the API's types say
 * (`patchStrategy` and `patchMergeKey`, Kubernetes 1.36 staging/src/k8s.io/api/{core,apps}/v1/types.go). Lists that are
 * not named here are replaced as a whole. Ports are distinguished by number and protocol (`listMapKey`): the older key,
 * the number alone, cannot tell a port's TCP from its UDP.
 */

/** What is known of one field. */
export interface FieldRule {
  /** A list, merged by these fields of its items. A field without value has the default that is beside it. */
  readonly keys?: Readonly<Record<string, string | undefined>>;
  /** A map of which nothing stays that a patch leaves out (`retainKeys`). */
  readonly retain?: boolean;
  /** The fields of the object, or of the list's items. */
  readonly fields?: Rules;
}

export type Rules = Readonly<Record<string, FieldRule>>;

const by = (key: string, fields?: Rules): FieldRule => ({
  keys: { [key]: undefined },
  ...(fields === undefined ? {} : { fields }),
});

const METADATA: FieldRule = { fields: { ownerReferences: by('uid') } };

const CONTAINER: Rules = {
  ports: { keys: { containerPort: undefined, protocol: 'TCP' } },
  env: by('name'),
  volumeMounts: by('mountPath'),
  volumeDevices: by('devicePath'),
};

const POD_SPEC: Rules = {
  containers: by('name', CONTAINER),
  initContainers: by('name', CONTAINER),
  volumes: by('name'),
  imagePullSecrets: by('name'),
  hostAliases: by('ip'),
  topologySpreadConstraints: { keys: { topologyKey: undefined, whenUnsatisfiable: undefined } },
  schedulingGates: by('name'),
  resourceClaims: by('name'),
};

const WORKLOAD: Rules = {
  metadata: METADATA,
  spec: {
    fields: {
      strategy: { retain: true },
      template: { fields: { metadata: METADATA, spec: { fields: POD_SPEC } } },
    },
  },
};

const RULES: Readonly<Record<string, Rules>> = {
  Service: { metadata: METADATA, spec: { fields: { ports: { keys: { port: undefined, protocol: 'TCP' } } } } },
  Pod: { metadata: METADATA, spec: { fields: POD_SPEC } },
  Deployment: WORKLOAD,
  ReplicaSet: WORKLOAD,
  StatefulSet: WORKLOAD,
  DaemonSet: WORKLOAD,
};

const PLAIN: Rules = { metadata: METADATA };

/** The rules for objects of a kind. */
export function mergeRules(kind: string): Rules {
  return Object.hasOwn(RULES, kind) ? (RULES[kind] as Rules) : PLAIN;
}
