/** API versions that the cluster's version does not serve are refused in kubectl's words. */
import t from 'tap';
import { notServed } from '../../src/changes/manifests/served-versions.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { ask } from '../../src/questions/ask.js';
import { CLUSTER } from '../hardening/shapes.js';

t.test('by version', async (tt) => {
  // Kind, API version, and the minor versions that serve it: from, until (not any more).
  const table: readonly (readonly [string, string, number, number])[] = [
    ['Deployment', 'apps/v1', 0, 99],
    ['Deployment', 'extensions/v1beta1', 0, 16],
    ['StatefulSet', 'apps/v1beta2', 0, 16],
    ['DaemonSet', 'apps/v1beta1', 0, 16],
    ['Ingress', 'extensions/v1beta1', 0, 22],
    ['Ingress', 'networking.k8s.io/v1beta1', 0, 22],
    ['Ingress', 'networking.k8s.io/v1', 0, 99],
    ['Role', 'rbac.authorization.k8s.io/v1beta1', 0, 22],
    ['CustomResourceDefinition', 'apiextensions.k8s.io/v1beta1', 0, 22],
    ['EndpointSlice', 'discovery.k8s.io/v1beta1', 0, 25],
    ['EndpointSlice', 'discovery.k8s.io/v1', 21, 99],
    ['CronJob', 'batch/v1beta1', 0, 25],
    ['CronJob', 'batch/v1', 21, 99],
    ['PodDisruptionBudget', 'policy/v1beta1', 0, 25],
    ['PodDisruptionBudget', 'policy/v1', 21, 99],
    ['PodSecurityPolicy', 'policy/v1beta1', 0, 25],
    ['HorizontalPodAutoscaler', 'autoscaling/v2beta2', 0, 26],
    ['HorizontalPodAutoscaler', 'autoscaling/v2', 23, 99],
    ['FlowSchema', 'flowcontrol.apiserver.k8s.io/v1beta2', 23, 29],
    ['FlowSchema', 'flowcontrol.apiserver.k8s.io/v1beta3', 26, 32],
    ['Service', 'v1', 0, 99],
    ['Service', 'apps/v1', 99, 99],
    ['Deployment', 'v1', 99, 99],
    ['NetworkPolicy', 'networking.k8s.io/v1', 0, 99],
    ['NetworkPolicy', 'networking.k8s.io/v1beta1', 99, 99],
    // Of a custom resource definition, which nobody knows here.
    ['Service', 'serving.knative.dev/v1', 0, 99],
    ['Ingress', 'networking.istio.io/v1', 0, 99],
    ['NetworkPolicy', 'crd.projectcalico.org/v1', 0, 99],
  ];
  for (const [kind, apiVersion, from, until] of table) {
    for (const minor of [20, 21, 22, 23, 24, 25, 26, 28, 29, 31, 32, 36]) {
      const refusal = notServed(kind, apiVersion, { major: 1, minor, patch: 0 });
      const name = `${kind} ${apiVersion} on 1.${minor}`;
      if (minor >= from && minor < until) tt.equal(refusal, undefined, name);
      else tt.match(refusal, `no matches for kind "${kind}" in version "${apiVersion}"`, name);
    }
  }
});

t.test('in a change, with its place', async (tt) => {
  const snapshot = readSnapshot({ inline: CLUSTER });
  const apply = (manifest: unknown) => () =>
    ask('what-if', { changes: [{ apply: { manifests: [manifest] } }], probability: {} } as never, snapshot);
  const beta = { apiVersion: 'policy/v1beta1', kind: 'PodDisruptionBudget', metadata: { name: 'a' } };
  tt.throws(apply(beta), {
    code: 'IMPOSSIBLE_CHANGE',
    message: 'no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"',
    problems: [{ pointer: '/changes/0/apply/manifests/0/apiVersion' }],
  });
  tt.throws(
    apply({ file: 'a.yaml', text: 'apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: web}\n' }),
    {
      code: 'IMPOSSIBLE_CHANGE',
      message: /a\.yaml.*no matches for kind "Deployment" in version "extensions\/v1beta1".*write apps\/v1/,
    },
  );
  tt.doesNotThrow(apply({ ...beta, apiVersion: 'policy/v1' }));
});
