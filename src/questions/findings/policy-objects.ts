/**
 * What is wrong with network policies as they are written: they select nothing, match nothing, or say what nobody
 * reads.
 */
import { addressOf, networkOf } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import { namespacedName } from '../../cluster/objects.js';
import { type Resource, resourceName } from '../../cluster/resources.js';
import type { Finding } from '../../contract/answers.js';
import { isSubject, readAdminPolicy } from '../../policies/admin-policy.js';
import { namespaceOf } from '../../policies/flow.js';
import { readNetworkPolicy } from '../../policies/network-policy.js';
import { isAdminPolicy, isEvaluated, isNetworkPolicy, policySetOf } from '../../policies/policy-set.js';
import { neverMatchingAdmin } from '../../policies/reach-of-admin-rules.js';
import { type NeverCause, neverMatching, peersOf } from '../../policies/reach-of-rules.js';
import { fieldsOf, listOf } from '../../policies/rule.js';
import { selectsPod } from '../../policies/selectors.js';
import type { StateFinder, View } from './finders.js';
import { finding } from './finding.js';
import { sidecarNames } from './policy-port-names.js';
import { policiesInView } from './view-policies.js';

/** Policies that select no pod, neither one that is there nor one that a workload would make. */
const selectNothing: StateFinder = (view) => {
  const { cluster } = view;
  const { pods } = peersOf(cluster);
  return policiesInView(view).flatMap((resource): Finding[] => {
    const name = resourceName(resource);
    const selected = isNetworkPolicy(resource)
      ? pods.some((pod) => {
          const { namespace, podSelector } = readNetworkPolicy(resource);
          return namespaceOf(pod) === namespace && selectsPod(podSelector, pod);
        })
      : isAdminPolicy(resource)
        ? pods.some((pod) => isSubject(cluster, readAdminPolicy(resource), pod) !== false)
        : true;
    if (selected) return [];
    const { podSelector, subject } = fieldsOf(resource.spec);
    const selector = JSON.stringify(podSelector ?? subject ?? {});
    const message =
      `${name} selects no pod, and does nothing: no pod and no template of a workload ` + `matches ${selector}.`;
    return [finding('NETWORK_POLICY_SELECTS_NOTHING', message, { policy: name, selector })];
  });
};

const WHY: Readonly<Record<NeverCause, string>> = {
  NO_NAMESPACE: 'no namespace matches',
  NO_POD: 'no pod matches',
  NO_NODE: 'no node matches',
  NO_NAMED_PORT: 'no container of the pods that it may be about has a port of this name and protocol:',
  NO_PORT: 'no container of the pods that it is about declares the port',
  EXCEPT_ALL: 'its exception takes away the whole block',
};

/** Rules with a namespace, a pod or a port that is not there. */
const neverMatch: StateFinder = (view) =>
  policiesInView(view)
    .filter(isEvaluated)
    .flatMap((resource) =>
      (isNetworkPolicy(resource) ? neverMatching : neverMatchingAdmin)(view.cluster, resource).map(
        ({ pointer, cause, what, direction }) => {
          const name = resourceName(resource);
          const message = `${pointer} of ${name} can match nothing: ${WHY[cause]} ${what}.`;
          return finding('NETWORK_POLICY_RULE_NEVER_MATCHES', message, {
            policy: name,
            pointer,
            cause,
            what,
            direction,
          });
        },
      ),
    );

/** Makes the finding for what is doubtful about a policy. */
export type Doubt = (resource: Resource, cause: string, pointer: string, why: string) => Finding;

/** What is doubtful about one policy, whatever else the cluster has. */
type OwnDoubt = Readonly<Record<'cause' | 'pointer' | 'why', string>>;

const ownDoubts = new WeakMap<Resource, readonly OwnDoubt[]>();

/** What of a NetworkPolicy alone engines read in different ways, or not at all; looked for once. */
function doubtsOf(resource: Resource): readonly OwnDoubt[] {
  return remember(ownDoubts, resource, () => [...rulesNotRead(resource), ...networkDoubts(resource)]);
}

function rulesNotRead({ spec }: Resource): OwnDoubt[] {
  const { ingress, egress, policyTypes } = fieldsOf(spec);
  const types = listOf(policyTypes);
  return (
    [
      ['Ingress', ingress, 'ingress'],
      ['Egress', egress, 'egress'],
    ] as const
  ).flatMap(([type, rules, field]): OwnDoubt[] => {
    if (types.length === 0 || types.includes(type) || listOf(rules).length === 0) return [];
    const why = `it has ${field} rules, and policyTypes does not name ${type}: nobody reads them.`;
    return [{ cause: 'RULES_NOT_READ', pointer: `/spec/${field}`, why }];
  });
}

/**
 * Networks that newer API servers refuse: with bits after their prefix, which engines mask, and in spellings that some
 * engines do not read.
 */
function networkDoubts({ spec }: Resource): OwnDoubt[] {
  return (['ingress', 'egress'] as const).flatMap((list) =>
    listOf(fieldsOf(spec)[list]).flatMap((rule, index) => {
      const field = list === 'ingress' ? 'from' : 'to';
      return listOf(fieldsOf(rule)[field]).flatMap((peer, at): OwnDoubt[] => {
        const { cidr: text, except } = fieldsOf(fieldsOf(peer).ipBlock);
        return [text, ...listOf(except)].flatMap((one, place): OwnDoubt[] => {
          const cidr = typeof one === 'string' ? networkOf(one) : undefined;
          const first = typeof one === 'string' ? addressOf(one.replace(/\/.*$/, '')) : undefined;
          if (cidr === undefined || first === undefined) return [];
          const base = `/spec/${list}/${index}/${field}/${at}/ipBlock`;
          const pointer = place === 0 ? `${base}/cidr` : `${base}/except/${place - 1}`;
          const refused = `it is read as ${cidr.text}, and Kubernetes 1.36 refuses it in a new policy.`;
          if (cidr.bits !== first.bits) {
            const why = `${String(one)} has bits after its prefix: ${refused}`;
            return [{ cause: 'HOST_BITS', pointer, why }];
          }
          const isOdd = first.family === 'IPv4' && /:|(?:^|\.)0\d/.test(String(one));
          if (!isOdd) return [];
          const why = `${String(one)} is spelled in a way that not every network plugin reads alike: ${refused}`;
          return [{ cause: 'SPELLING', pointer, why }];
        });
      });
    }),
  );
}

/**
 * Baseline policies and pods that NetworkPolicies isolate in the other direction alone: whether the baseline still
 * counts, engines disagree.
 */
function baselines({ cluster }: View, policies: readonly Resource[], doubt: Doubt): Finding[] {
  const set = policySetOf(cluster);
  return policies.filter(isAdminPolicy).flatMap((resource): Finding[] => {
    const policy = readAdminPolicy(resource);
    if (policy.tier !== 'BASELINE') return [];
    const { pods } = peersOf(cluster);
    for (const [direction, other, field] of [
      ['INGRESS', 'EGRESS', 'ingress'],
      ['EGRESS', 'INGRESS', 'egress'],
    ] as const) {
      if (policy.rules[direction].length === 0) continue;
      const pod = pods.find(
        (one) =>
          isSubject(cluster, policy, one) === true &&
          set.isolating(one, direction).names.length === 0 &&
          set.isolating(one, other).names.length > 0,
      );
      if (pod === undefined) continue;
      const names = set.isolating(pod, other).names.join(', ');
      const why =
        `${namespacedName(pod)} is isolated by ${names} in the other direction alone: its ${field} rules are ` +
        'taken to count for the pod; ' +
        'kube-network-policies leaves the baseline out for every pod that a NetworkPolicy selects.';
      return [doubt(resource, 'BASELINE_OTHER_DIRECTION', `/spec/${field}`, why)];
    }
    return [];
  });
}

/** What the API server takes and engines read in different ways, or not at all. */
const doubtful: StateFinder = (view) => {
  const policies = policiesInView(view);
  if (policies.length === 0) return [];
  const doubt = (resource: Resource, cause: string, pointer: string, why: string) => {
    const policy = resourceName(resource);
    return finding('NETWORK_POLICY_DOUBTFUL', `${policy}: ${why}`, { policy, cause, pointer });
  };
  const own = policies.filter(isNetworkPolicy).map((resource) => [resource, doubtsOf(resource)] as const);
  const byCause = (wanted: string) =>
    own.flatMap(([resource, doubts]) =>
      doubts.flatMap(({ cause, pointer, why }) => (cause === wanted ? doubt(resource, cause, pointer, why) : [])),
    );
  const byPriority = new Map<string, Resource[]>();
  for (const resource of policies.filter(isAdminPolicy)) {
    if (resource.kind === 'BaselineAdminNetworkPolicy') continue;
    const { tier, priority } = readAdminPolicy(resource);
    const key = `${resource.kind} ${tier} ${priority}`;
    byPriority.set(key, [...(byPriority.get(key) ?? []), resource]);
  }
  const ties = [...byPriority.values()].flatMap((alike): Finding[] => {
    const [first, ...others] = [...alike].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    if (first === undefined || others.length === 0) return [];
    const names = others.map(resourceName).join(', ');
    const why = `its priority is that of ${names}: which of them decides first is not defined; they are taken by name.`;
    return [doubt(first, 'EQUAL_PRIORITIES', '/spec/priority', why)];
  });
  const ofCluster = [...baselines(view, policies, doubt), ...sidecarNames(view.cluster, policies, doubt)];
  return [...byCause('RULES_NOT_READ'), ...ties, ...byCause('HOST_BITS'), ...byCause('SPELLING'), ...ofCluster];
};

/** Of certain connections only what decides them is reported: what engines read in different ways. */
export const policyObjectFindings: StateFinder = (view, thresholds) =>
  (view.wide === undefined ? [doubtful] : [selectNothing, neverMatch, doubtful]).flatMap((find) =>
    find(view, thresholds),
  );
