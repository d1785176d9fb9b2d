import type { UsedKind } from './kinds.js';

/**
 * A JSON Schema per kind, for the fields of objects.ts: what passes is safe to be used under those types. Other fields
 * are free. Null is allowed where kubectl prints it; elsewhere it means "absent" in Kubernetes and is taken out before
 * an object is validated again. `description` says what would be right, and is in error messages.
 */

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
// Names are in the comments of rules: with a quote or a line end in one, a text of rules would hold other rules.
const name: Schema = {
  type: 'string',
  maxLength: 253,
  pattern: '^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$',
  description: 'a name of lower-case letters, digits, "-" and "."',
};
const namespace: Schema = {
  type: 'string',
  maxLength: 63,
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
  description: 'a name of lower-case letters, digits and "-", at most 63 of them',
};
const portName: Schema = {
  type: 'string',
  maxLength: 63,
  pattern: '^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$',
  description: 'the name of a port, of lower-case letters, digits and "-", or empty',
};
/** Counts are int32 in the API. */
const count: Schema = {
  type: 'integer',
  minimum: 0,
  maximum: 2_147_483_647,
  description: 'an integer from 0 to 2147483647',
};
const intOrPercent: Schema = {
  type: ['integer', 'string', 'null'],
  minimum: 0,
  maximum: 2_147_483_647,
  description: 'an integer or a percentage such as "25%"',
};
const textMap: Schema = { type: 'object', additionalProperties: text };
const ip: Schema = { type: 'string', format: 'ip', description: 'an IPv4 or IPv6 address' };
const port: Schema = { type: 'integer', minimum: 1, maximum: 65535, description: 'a port, an integer from 1 to 65535' };
const portOrNone: Schema = {
  type: 'integer',
  minimum: 0,
  maximum: 65535,
  description: 'a port, an integer from 1 to 65535 (0 or absent: none)',
};
const time: Schema = {
  type: ['string', 'null'],
  format: 'time',
  description: 'a moment as RFC 3339 writes it, e.g. "2026-01-31T12:00:00Z"',
};

function orNull(schema: Schema): Schema {
  return {
    ...schema,
    type: [schema.type, 'null'],
    ...(schema.enum ? { enum: [...(schema.enum as string[]), null] } : {}),
  };
}

function oneOf(...values: readonly string[]): Schema {
  return { type: 'string', enum: values };
}

function list(items: Schema): Schema {
  return { type: 'array', items };
}

function fields(properties: Readonly<Record<string, Schema>>, ...required: readonly string[]): Schema {
  return { type: 'object', properties, required };
}

const protocol = oneOf('TCP', 'UDP', 'SCTP');

const metadataFields = {
  generateName: text,
  namespace,
  uid: text,
  labels: textMap,
  annotations: textMap,
  creationTimestamp: time,
  deletionTimestamp: time,
  ownerReferences: list(
    fields({ apiVersion: text, kind: text, name: text, uid: text, controller: flag }, 'kind', 'name'),
  ),
};
const metadata = fields({ ...metadataFields, name }, 'name');

const condition = fields({ type: text, status: text, lastTransitionTime: time }, 'type', 'status');
const targetRef = fields({ kind: text, namespace: text, name: text, uid: text });

const container = fields(
  {
    name: text,
    image: text,
    ports: list(
      fields({ name: text, containerPort: port, hostPort: portOrNone, hostIP: text, protocol }, 'containerPort'),
    ),
    command: list(text),
    args: list(text),
    restartPolicy: text,
    resources: fields({ requests: textMap, limits: textMap }),
  },
  'name',
);

const podSpec = fields({
  nodeName: text,
  hostNetwork: flag,
  hostname: text,
  subdomain: text,
  containers: list(container),
  initContainers: orNull(list(container)),
  nodeSelector: textMap,
  tolerations: list(fields({ key: text, operator: text, value: text, effect: text })),
  readinessGates: list(fields({ conditionType: text }, 'conditionType')),
});

const containerStatuses = orNull(list(fields({ name: text, ready: flag, restartCount: count }, 'name')));

const labelSelector = fields({
  matchLabels: textMap,
  matchExpressions: list(fields({ key: text, operator: text, values: orNull(list(text)) }, 'key', 'operator')),
});

const strategy = orNull(
  fields({
    type: text,
    rollingUpdate: orNull(fields({ maxSurge: intOrPercent, maxUnavailable: intOrPercent, partition: count })),
  }),
);

const workload = fields({
  replicas: count,
  selector: labelSelector,
  template: fields({ metadata: fields({ ...metadataFields, name: text }), spec: podSpec }),
  serviceName: text,
  podManagementPolicy: text,
  paused: flag,
  strategy,
  updateStrategy: strategy,
  ordinals: fields({ start: count }),
});
const workloadObject = fields(
  { metadata, spec: workload, status: fields({ replicas: count, readyReplicas: count }) },
  'metadata',
);

const endpointAddresses = orNull(list(fields({ ip, hostname: text, nodeName: orNull(text), targetRef }, 'ip')));
const zoneHints = orNull(list(fields({ name: text }, 'name')));

/** What `tools/compile-schemas.mjs` makes gen/validators.ts from. */
export const SCHEMAS: Readonly<Record<UsedKind, Schema>> = {
  Node: fields(
    {
      metadata,
      spec: fields({
        podCIDR: { type: 'string', format: 'cidrOrEmpty', description: 'a CIDR such as 10.244.1.0/24' },
        podCIDRs: list({ type: 'string', format: 'cidr', description: 'a CIDR such as 10.244.1.0/24' }),
        providerID: text,
        unschedulable: flag,
        taints: list(fields({ key: text, value: text, effect: text }, 'key', 'effect')),
      }),
      status: fields({
        // Addresses are checked by type afterwards: host names are addresses too.
        addresses: list(fields({ type: text, address: text }, 'type', 'address')),
        allocatable: textMap,
        capacity: textMap,
        conditions: list(condition),
        images: list(fields({ names: orNull(list(text)), sizeBytes: { type: 'number' } })),
        nodeInfo: fields({ kubeletVersion: text, kubeProxyVersion: text, kernelVersion: text, operatingSystem: text }),
      }),
    },
    'metadata',
  ),
  Pod: fields(
    {
      metadata,
      spec: podSpec,
      status: fields({
        phase: text,
        podIP: { type: 'string', format: 'ipOrEmpty', description: 'an IPv4 or IPv6 address' },
        podIPs: orNull(list(fields({ ip }, 'ip'))),
        hostIP: text,
        startTime: time,
        conditions: orNull(list(condition)),
        containerStatuses,
        initContainerStatuses: containerStatuses,
      }),
    },
    'metadata',
  ),
  Service: fields(
    {
      metadata,
      spec: fields({
        type: oneOf('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'),
        clusterIP: { type: 'string', format: 'clusterIp', description: 'an IP address, "None" or empty' },
        clusterIPs: list({ type: 'string', format: 'clusterIp', description: 'an IP address or "None"' }),
        ipFamilies: list(oneOf('IPv4', 'IPv6')),
        ipFamilyPolicy: text,
        selector: orNull(textMap),
        ports: list(
          fields(
            {
              name: portName,
              port,
              protocol,
              targetPort: {
                type: ['integer', 'string'],
                minimum: 0,
                maximum: 65535,
                description: 'a port number up to 65535 or the name of a container port',
              },
              nodePort: portOrNone,
              appProtocol: text,
            },
            'port',
          ),
        ),
        externalIPs: list(ip),
        externalName: text,
        externalTrafficPolicy: oneOf('Cluster', 'Local', ''),
        internalTrafficPolicy: orNull(oneOf('Cluster', 'Local')),
        sessionAffinity: oneOf('None', 'ClientIP', ''),
        sessionAffinityConfig: fields({
          clientIP: fields({
            timeoutSeconds: { type: 'integer', minimum: 1, maximum: 86400, description: 'an integer from 1 to 86400' },
          }),
        }),
        // kube-proxy drops source ranges that it cannot parse, so these are noted and not refused.
        loadBalancerSourceRanges: list(text),
        loadBalancerClass: text,
        loadBalancerIP: text,
        allocateLoadBalancerNodePorts: flag,
        healthCheckNodePort: portOrNone,
        publishNotReadyAddresses: flag,
        trafficDistribution: text,
        topologyKeys: list(text),
      }),
      status: fields({
        loadBalancer: fields({
          ingress: orNull(
            list(
              fields({
                ip: { type: 'string', format: 'ipOrEmpty', description: 'an IPv4 or IPv6 address' },
                hostname: text,
                ipMode: text,
              }),
            ),
          ),
        }),
      }),
    },
    'metadata',
  ),
  EndpointSlice: fields(
    {
      metadata,
      addressType: oneOf('IPv4', 'IPv6', 'FQDN'),
      endpoints: orNull(
        list(
          fields(
            {
              // Whether they are addresses of the slice's type is checked afterwards.
              addresses: { type: 'array', items: text, minItems: 1, description: 'an array of at least one address' },
              conditions: fields({ ready: orNull(flag), serving: orNull(flag), terminating: orNull(flag) }),
              hostname: text,
              nodeName: orNull(text),
              zone: orNull(text),
              hints: orNull(fields({ forZones: zoneHints, forNodes: zoneHints })),
              targetRef,
              topology: textMap,
              deprecatedTopology: textMap,
            },
            'addresses',
          ),
        ),
      ),
      ports: orNull(
        list(
          fields({
            name: orNull(portName),
            port: orNull(port),
            protocol: orNull(protocol),
            appProtocol: orNull(text),
          }),
        ),
      ),
    },
    'metadata',
    'addressType',
  ),
  Endpoints: fields(
    {
      metadata,
      subsets: orNull(
        list(
          fields({
            addresses: endpointAddresses,
            notReadyAddresses: endpointAddresses,
            ports: orNull(list(fields({ name: portName, port, protocol }, 'port'))),
          }),
        ),
      ),
    },
    'metadata',
  ),
  Deployment: workloadObject,
  ReplicaSet: workloadObject,
  StatefulSet: workloadObject,
  DaemonSet: workloadObject,
  ConfigMap: fields({ metadata, data: textMap }, 'metadata'),
};
