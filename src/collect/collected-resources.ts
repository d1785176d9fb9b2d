/** What the collector reads, and the rights that this takes: all made from the one list of kinds in base/kubectl.ts. */
import {
  BALANCER_KINDS,
  DATAPLANE_CONFIG_MAPS,
  POLICY_KINDS,
  SNAPSHOT_GROUPS,
  SNAPSHOT_KINDS,
  SYSTEM_CONFIG_MAPS,
} from '../base/kubectl.js';

/** A resource of the API. */
export interface Resource {
  /** As paths have it: `pods`. */
  readonly name: string;
  /** Empty: the core group. */
  readonly group: string;
  /** Without it there is no snapshot. Others may be forbidden or not there. */
  readonly required: boolean;
}

/** Every resource that is listed in all namespaces. Secrets are not among them. */
export const RESOURCES: readonly Resource[] = [
  ...SNAPSHOT_KINDS.map((name) => ({
    name,
    group: SNAPSHOT_GROUPS[name] ?? '',
    required: name === 'nodes' || name === 'services',
  })),
  ...[...POLICY_KINDS, ...BALANCER_KINDS].map((full) => {
    const dot = full.indexOf('.');
    return { name: full.slice(0, dot), group: full.slice(dot + 1), required: false };
  }),
];

/** The ConfigMaps of kube-system that are read, one by one. */
export const CONFIG_MAPS: readonly string[] = [...SYSTEM_CONFIG_MAPS, ...DATAPLANE_CONFIG_MAPS];

/** A rule of RBAC. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What a ClusterRole must allow: lists of exactly the resources that are read, a rule for each group. */
export function clusterRules(): readonly Rule[] {
  const groups = new Map<string, string[]>();
  for (const { name, group } of RESOURCES) groups.set(group, [...(groups.get(group) ?? []), name]);
  return [...groups].map(([group, resources]) => ({ apiGroups: [group], resources, verbs: ['list'] }));
}

/** What a Role in kube-system must allow. */
export function systemRules(): readonly Rule[] {
  return [{ apiGroups: [''], resources: ['configmaps'], resourceNames: CONFIG_MAPS, verbs: ['get'] }];
}

function ruleLines({ apiGroups, resources, verbs, resourceNames }: Rule): string[] {
  const list = (texts: readonly string[]) => `[${texts.map((text) => (text === '' ? "''" : text)).join(', ')}]`;
  return [
    `  - apiGroups: ${list(apiGroups)}`,
    '    resources:',
    ...resources.map((name) => `      - ${name}`),
    ...(resourceNames === undefined ? [] : ['    resourceNames:', ...resourceNames.map((name) => `      - ${name}`)]),
    `    verbs: ${list(verbs)}`,
  ];
}

/** The manifests of the collector's rights, as YAML. */
export function rbacManifest(name = 'kube-whatif-collector', namespace = 'kube-whatif'): string {
  const head = (kind: string, of: string, where?: string) => [
    `apiVersion: ${kind === 'ServiceAccount' ? 'v1' : 'rbac.authorization.k8s.io/v1'}`,
    `kind: ${kind}`,
    'metadata:',
    `  name: ${of}`,
    ...(where === undefined ? [] : [`  namespace: ${where}`]),
  ];
  const binding = (kind: 'ClusterRole' | 'Role', where?: string) => [
    ...head(`${kind}Binding`, name, where),
    'roleRef:',
    '  apiGroup: rbac.authorization.k8s.io',
    `  kind: ${kind}`,
    `  name: ${name}`,
    'subjects:',
    '  - kind: ServiceAccount',
    `    name: ${name}`,
    `    namespace: ${namespace}`,
  ];
  const documents = [
    head('ServiceAccount', name, namespace),
    [...head('ClusterRole', name), 'rules:', ...clusterRules().flatMap(ruleLines)],
    binding('ClusterRole'),
    [...head('Role', name, 'kube-system'), 'rules:', ...systemRules().flatMap(ruleLines)],
    binding('Role', 'kube-system'),
  ];
  return `${documents.map((lines) => lines.join('\n')).join('\n---\n')}\n`;
}
