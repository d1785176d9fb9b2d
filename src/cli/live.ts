/**
 * A snapshot of a running cluster: each kind by its own `kubectl get`, so that one that is forbidden does not take the
 * others with it.
 */
import {
  BALANCER_KINDS,
  KUBECTL_COMMAND,
  KUBECTL_CONFIG_COMMAND,
  POLICY_KINDS,
  SNAPSHOT_KINDS,
} from '../base/kubectl.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { type Io, writeAll } from './io.js';
import { type KubectlDone, runKubectl } from './kubectl.js';
import type { SnapshotFile } from './snapshot-files.js';

type Kind = (typeof SNAPSHOT_KINDS)[number];

/** What an answer lacks without objects of a kind. Without nodes and Services there is no answer. */
const COSTS: Readonly<Record<Exclude<Kind, 'nodes' | 'services'>, string>> = {
  namespaces: 'labels of namespaces are not known, by which policies and meshes choose them',
  pods: 'endpoints have no pods: their readiness, labels and clients are not known',
  endpointslices: 'endpoints are derived from pods and selectors',
  deployments: 'Deployments cannot be scaled or rolled out',
  replicasets: 'changes of Deployments know no earlier ReplicaSets',
  statefulsets: 'StatefulSets cannot be scaled or rolled out',
  daemonsets: 'new nodes get no pods of DaemonSets, and agents of the network are less surely recognised',
  networkpolicies: 'network policies are taken to be absent',
  horizontalpodautoscalers: 'autoscalers are taken to be absent: manifests set replicas as they say',
};

/** ConfigMaps that say how nodes are configured, where they are and may be read. */
const CONFIG_MAPS = ['kube-proxy', 'ip-masq-agent'] as const;

/** So many kubectl processes run at once. */
const AT_ONCE = 4;

const HOW_TO_MAKE_ONE =
  `Make a snapshot with\n  ${KUBECTL_COMMAND}\n  ${KUBECTL_CONFIG_COMMAND}\nand give it with -s cluster.json ` +
  '-s kube-proxy.json.';

/** Words of the API server and of kubectl for a kind that may not be read, or that the cluster does not have. */
const FORBIDDEN = /\bforbidden\b/i;
const NOT_THERE = /doesn't have a resource type|could not find the requested resource|no matches for kind/i;

function firstLine(text: string): string {
  return text.split('\n').findLast((line) => line.trim() !== '') ?? text;
}

/** The namespace of kubectl's context: where names are that have none. `default` where nothing is said. */
export async function contextNamespace(args: Arguments, io: Io): Promise<string> {
  const words = ['config', 'view', '--minify', '-o', 'jsonpath={..namespace}'];
  const { stdout, failure } = await runKubectl(words, args, io);
  const name = failure === undefined ? stdout.toString('utf8').trim() : '';
  return name === '' ? 'default' : name;
}

function refused(kind: string, { failure = '', missing }: KubectlDone): UsageError {
  if (missing) {
    return new UsageError(`No snapshot is given, and there is no kubectl that could take one. ${HOW_TO_MAKE_ONE}`);
  }
  return new UsageError(`kubectl cannot get ${kind}: ${firstLine(failure)}\n${HOW_TO_MAKE_ONE}`);
}

/** Whether kubectl failed for this kind alone. */
function isOfKind({ failure, missing }: KubectlDone): boolean {
  return failure !== undefined && !missing && (FORBIDDEN.test(failure) || NOT_THERE.test(failure));
}

/** Runs jobs, so many at once; results in the order of the jobs. */
async function inTurns<T>(jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    while (next < jobs.length) {
      const index = next++;
      results[index] = await (jobs[index] as () => Promise<T>)();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/**
 * Takes a snapshot of the cluster of kubectl's context, of the kinds that answers are made from; never Secrets. Kinds
 * that are forbidden or not there are named on standard error, with what they cost the answer. Throws UsageError where
 * there is no kubectl, no cluster, or no right to read Nodes or Services.
 */
export async function liveSnapshot(args: Arguments, io: Io): Promise<SnapshotFile[]> {
  const progress = 'isTTY' in io.stderr && io.stderr.isTTY === true;
  const say = async (text: string) => (progress ? await writeAll(io.stderr, text) : undefined);
  await say('Reading the cluster with kubectl:');
  const isManaged = args.has('server-side') || args.has('show-managed-fields');
  const managed = isManaged ? ['--show-managed-fields'] : [];
  const get = async <K extends Kind | (typeof POLICY_KINDS)[number] | (typeof BALANCER_KINDS)[number]>(kind: K) => {
    const done = await runKubectl(['get', kind, '--all-namespaces', '-o', 'json', ...managed], args, io);
    await say(` ${kind}`);
    return { kind, done };
  };
  // The first alone: where there is no kubectl or no cluster, it is said once.
  const [first, ...rest] = SNAPSHOT_KINDS;
  const nodes = await get(first);
  if (nodes.done.failure !== undefined) throw refused(first, nodes.done);
  const others = await inTurns(rest.map((kind) => () => get(kind)));
  const maps = await inTurns(
    CONFIG_MAPS.map((name) => async () => ({
      name,
      done: await runKubectl(['get', 'configmap', name, '-n', 'kube-system', '-o', 'json'], args, io),
    })),
  );
  const policies = await inTurns(POLICY_KINDS.map((kind) => () => get(kind)));
  const balancers = await inTurns(BALANCER_KINDS.map((kind) => () => get(kind)));
  await say('\n');
  const files: SnapshotFile[] = [];
  const lines: string[] = [];
  for (const { kind, done } of [nodes, ...others]) {
    if (done.failure === undefined) {
      files.push({ name: `kubectl get ${kind}`, bytes: done.stdout });
      continue;
    }
    if (kind === 'nodes' || kind === 'services' || !isOfKind(done)) throw refused(kind, done);
    const why = FORBIDDEN.test(done.failure) ? 'are forbidden' : 'are not there';
    lines.push(`${kind} ${why}: ${COSTS[kind]}.`);
  }
  for (const { kind, done } of policies) {
    if (done.failure === undefined) files.push({ name: `kubectl get ${kind}`, bytes: done.stdout });
    else if (FORBIDDEN.test(done.failure)) lines.push(`${kind} are forbidden: these policies are taken to be absent.`);
    else if (!isOfKind(done)) throw refused(kind, done);
  }
  for (const { kind, done } of balancers) {
    if (done.failure === undefined) files.push({ name: `kubectl get ${kind}`, bytes: done.stdout });
    else if (FORBIDDEN.test(done.failure)) lines.push(`${kind} are forbidden: load balancers are taken to do without.`);
    else if (!isOfKind(done)) throw refused(kind, done);
  }
  for (const { name, done } of maps) {
    if (done.failure === undefined) files.push({ name: `kubectl get configmap ${name}`, bytes: done.stdout });
    else if (FORBIDDEN.test(done.failure))
      lines.push(`ConfigMap kube-system/${name} is forbidden: its settings are assumed.`);
  }
  if (lines.length > 0) await writeAll(io.stderr, `${lines.join('\n')}\n`);
  return files;
}
