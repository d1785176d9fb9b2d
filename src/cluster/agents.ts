/** Pods and DaemonSets as a table of agents sees them: name, labels, images, flags, environment. */
import { fieldsOf } from '../base/record.js';
import type { Cluster } from './cluster.js';
import type { Container, Pod, PodSpec } from './objects.js';
import { namespacedName } from './objects.js';
import { flagsOf } from './proxy-command.js';

/** A pod, or the template of a DaemonSet whose pods are not there. */
export interface Runner {
  /** `pod kube-system/cilium-x7k2p` */
  readonly shown: string;
  readonly name: string;
  readonly namespace: string;
  readonly node: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly Container[];
  readonly nodeSelector: Readonly<Record<string, string>>;
}

/** What distinguishes an agent's pods from others. One of them is enough. */
export interface Signs {
  /** Of the DaemonSet, and of its pods before their random ends. */
  readonly names?: RegExp;
  /** `label=value` pairs. */
  readonly labels?: readonly string[];
  readonly images?: RegExp;
}

function runnerOf(shown: string, metadata: Pod['metadata'], spec: PodSpec | undefined): Runner {
  return {
    shown,
    name: metadata.name,
    namespace: metadata.namespace ?? 'default',
    node: spec?.nodeName,
    labels: metadata.labels ?? {},
    containers: [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])],
    nodeSelector: spec?.nodeSelector ?? {},
  };
}

function runsOnWindows(cluster: Cluster, pod: Pod): boolean {
  return cluster.nodes.get(pod.spec?.nodeName ?? '')?.status?.nodeInfo?.operatingSystem === 'windows';
}

/** What some agent's name, label or image has, so that a hundred thousand other pods are passed over quickly. */
const TELLING =
  /anetd|cilium|ovn|ovs-|calico|kube-router|antrea|nsx-|contrail|kube-proxy|sdn|node-local-dns|nodelocaldns|ztunnel|canal|kindnet|kube-network-policies|azure-npm|aws-node|weave-net|flannel/;

const LABELS = ['k8s-app', 'app', 'component', 'name', 'app.kubernetes.io/name'];

function mayTell({ metadata, spec }: Pod): boolean {
  return (
    TELLING.test(metadata.name) ||
    LABELS.some((label) => TELLING.test(metadata.labels?.[label] ?? '')) ||
    (spec?.containers ?? []).some(({ image }) => image !== undefined && TELLING.test(image))
  );
}

/** Whether a pod counts when agents are looked for: it may be one, or is the cluster's own. */
export function isLookedAt(pod: Pod): boolean {
  return mayTell(pod) || isSystemNamespace(pod.metadata.namespace ?? 'default');
}

/** Namespaces whose pods are those of the cluster itself. */
function isSystemNamespace(namespace: string): boolean {
  return namespace === 'kube-system' || namespace.startsWith('openshift-');
}

/** How many pods of the cluster itself run on its Linux nodes. */
export function systemPodsOf(cluster: Cluster): number {
  let count = 0;
  for (const pod of cluster.pods.values()) {
    if (isSystemNamespace(pod.metadata.namespace ?? 'default') && !runsOnWindows(cluster, pod)) count++;
  }
  return count;
}

/**
 * Whether the snapshot shows the agents that nodes run: pods or DaemonSets of the cluster itself, or of flannel, which
 * has a namespace of its own. A DaemonSet of an application says nothing.
 */
export function showsAgents(cluster: Cluster, runners: readonly Runner[]): boolean {
  if (systemPodsOf(cluster) > 0) return true;
  for (const { kind, metadata } of cluster.workloads.values()) {
    if (kind === 'DaemonSet' && isSystemNamespace(metadata.namespace ?? 'default')) return true;
  }
  return runners.some(({ name, containers }) => [name, ...containers.map(({ image }) => image ?? '')].some(isFlannel));
}

const isFlannel = (text: string) => /\bflannel\b/.test(text);

/** The tag of the first image of a runner whose name matches; undefined where none does, or it has a digest alone. */
export function imageTagOf({ containers }: Runner, name: RegExp): string | undefined {
  for (const { image } of containers) {
    const [, own, tag] = /^(.*?[^/:]):([\w][\w.-]*)(?:@.*)?$/.exec(image ?? '') ?? [];
    if (own !== undefined && name.test(own)) return tag;
  }
  return undefined;
}

/** What may be an agent: pods on Linux nodes that have not ended, and DaemonSets. */
export function runnersOf(cluster: Cluster): readonly Runner[] {
  const found: Runner[] = [];
  for (const pod of cluster.pods.values()) {
    const { phase } = pod.status ?? {};
    if (!mayTell(pod) || phase === 'Succeeded' || phase === 'Failed' || runsOnWindows(cluster, pod)) continue;
    found.push(runnerOf(`pod ${namespacedName(pod)}`, pod.metadata, pod.spec));
  }
  for (const workload of cluster.workloads.values()) {
    if (workload.kind !== 'DaemonSet') continue;
    const { template } = workload.spec ?? {};
    const metadata = { ...workload.metadata, labels: { ...workload.metadata.labels, ...template?.metadata?.labels } };
    found.push(runnerOf(`DaemonSet ${namespacedName(workload)}`, metadata, template?.spec));
  }
  return found;
}

/** Whether a runner shows one of the signs. */
export function showsSign({ name, labels, containers }: Runner, signs: Signs): boolean {
  if (signs.names?.test(name.replace(/-[a-z0-9]{5}$/, '')) || signs.names?.test(name)) return true;
  if (signs.labels?.some((pair) => labels[pair.split('=')[0] as string] === pair.split('=')[1])) return true;
  return signs.images !== undefined && containers.some(({ image }) => image !== undefined && signs.images?.test(image));
}

/** The value of a flag that a runner's program is given; undefined where it is not given. */
export function flagOf({ containers }: Runner, program: string, flag: string): string | undefined {
  for (const container of containers) {
    const value = flagsOf(container, program)?.get(flag);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The value of an environment variable of a runner, where it is written out. */
export function environmentOf({ containers }: Runner, variable: string): string | undefined {
  for (const container of containers) {
    const { env } = fieldsOf(container);
    for (const entry of Array.isArray(env) ? env : []) {
      const { name, value } = fieldsOf(entry);
      if (name === variable && typeof value === 'string') return value;
    }
  }
  return undefined;
}
