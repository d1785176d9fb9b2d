/** Every field and flag of kube-proxy is read, has no effect, or is reported as not read. */
import t from 'tap';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import {
  FIELDS_WITHOUT_EFFECT,
  FLAGS_WITHOUT_EFFECT,
  READ_FIELDS,
  READ_FLAGS,
} from '../../src/cluster/proxy-fields.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { ask } from '../../src/questions/ask.js';
import { type LabService, labList } from '../support/lab.js';

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  data?: Record<string, string>;
}

const LOCAL: LabService = {
  spec: { type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] },
};

function proxyPod(node: string, args: readonly string[], env: readonly object[] = []) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `kube-proxy-${node}`, namespace: 'kube-system', labels: { 'k8s-app': 'kube-proxy' } },
    spec: {
      nodeName: node,
      hostNetwork: true,
      containers: [{ name: 'kube-proxy', command: ['kube-proxy', ...args], env }],
    },
    status: { phase: 'Running' },
  };
}

/** The lab with a configuration, and with pods beside it. */
function cluster(config: string | undefined, more: readonly object[] = [], version = '1.30.5') {
  const list = labList({ services: [LOCAL], version });
  const items = (structuredClone(list.items) as Item[]).filter(
    ({ kind }) => config !== undefined || kind !== 'ConfigMap',
  );
  for (const item of items) {
    if (item.kind === 'ConfigMap')
      item.data = { 'config.conf': `kind: KubeProxyConfiguration\nclusterCIDR: 10.180.0.0/16\n${config}` };
  }
  return readSnapshot({ inline: { ...list, items: [...items, ...more] } });
}

const assumed = (snapshot: ReturnType<typeof cluster>, pattern: RegExp, settings = {}) =>
  inferSettings(snapshot.cluster, settings)
    .assumptions.filter(({ field }) => pattern.test(field))
    .map(({ field, value }) => `${field.replace('settings.kubeProxy.', '')}=${JSON.stringify(value)}`);

t.test('fields that may change an answer and are not modelled are reported', async (t) => {
  const reported = (config: string) => assumed(cluster(config), /bindAddress|excludeCIDRs|someday|clusterCIDRs/i);
  t.same(reported('bindAddress: 10.0.0.7\n'), ['bindAddress="10.0.0.7"']);
  t.same(reported('bindAddress: 0.0.0.0\n'), [], 'every address is the default');
  t.same(reported('bindAddress: "::"\n'), []);
  t.same(reported('ipvs:\n  excludeCIDRs: [10.0.0.0/8]\n'), [], 'of a mode that does not run');
  t.same(reported('mode: ipvs\nipvs:\n  excludeCIDRs: [10.0.0.0/8]\n'), ['ipvs.excludeCIDRs=["10.0.0.0/8"]']);
  t.same(reported('ipvs:\n  excludeCIDRs: null\n'), []);
  t.same(reported('someday: 3\n'), ['someday=3'], 'a field of which nothing is known');
  t.same(reported('detectLocal:\n  clusterCIDRs: [10.0.0.0/8]\n'), ['detectLocal.clusterCIDRs=["10.0.0.0/8"]']);
  t.same(reported('someday: ""\n'), [], 'the zero value means the default');
  const idle = FIELDS_WITHOUT_EFFECT.map((path) => path.split('.'))
    .map(([section, name]) => (name === undefined ? `${section}: 7s\n` : `${section}: {${name}: 7s}\n`))
    .filter((line, index, all) => all.findIndex((other) => other.split(':')[0] === line.split(':')[0]) === index);
  t.same(assumed(cluster(idle.join('')), /7s/), []);
});

t.test('flags that may change an answer and are not modelled are reported', async (t) => {
  const reported = (...args: string[]) =>
    assumed(
      cluster(
        undefined,
        ['node-1', 'node-2', 'node-3'].map((node) => proxyPod(node, args)),
      ),
      /--/,
    );
  t.same(reported('--bind-address=10.0.0.7'), ['--bind-address="10.0.0.7"']);
  t.same(reported('--bind-address=0.0.0.0', '--v=2', '--cleanup=false'), []);
  t.same(reported('--cleanup'), ['--cleanup="true"']);
  t.same(reported('--ipvs-exclude-cidrs=10.0.0.0/8'), []);
  t.same(reported('--proxy-mode=ipvs', '--ipvs-exclude-cidrs=10.0.0.0/8'), ['--ipvs-exclude-cidrs="10.0.0.0/8"']);
  t.same(reported(...FLAGS_WITHOUT_EFFECT.map((flag) => `--${flag}=1`)), []);
});

t.test('the lists name each field and flag once', async (t) => {
  const fields = [...READ_FIELDS, ...FIELDS_WITHOUT_EFFECT];
  const flags = [...READ_FLAGS, ...FLAGS_WITHOUT_EFFECT];
  t.equal(new Set(fields).size, fields.length);
  t.equal(new Set(flags).size, flags.length);
});

t.test('a kube-proxy that goes by another name has no local endpoints', async (t) => {
  const outcome = (snapshot: ReturnType<typeof cluster>, settings = {}, entersAt = 'node-1') => {
    const destination = { service: { namespace: 'default', name: 'svc', via: 'NODE_PORT', node: entersAt } } as const;
    const [trace] = ask('path', { path: { source: { external: { entersAt } }, destination }, settings }, snapshot)
      .result.traces;
    return `${trace?.verdict} ${trace?.cause ?? ''}`.trim();
  };
  const NONE = 'DROPPED NO_LOCAL_ENDPOINTS';
  const all = (...args: string[]) => ['node-1', 'node-2', 'node-3'].map((node) => proxyPod(node, args));
  const variable = [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }];
  const own = ['node-1', 'node-2', 'node-3'].map((node) =>
    proxyPod(node, ['--config=/c', '--hostname-override=$(NODE_NAME)'], variable),
  );
  t.equal(outcome(cluster('')), 'DELIVERED');
  t.equal(outcome(cluster('', all('--hostname-override=NODE-1'))), 'DELIVERED', 'names are compared in lower case');
  t.equal(
    outcome(cluster('', all('--hostname-override=node-1')), {}, 'node-2'),
    'DROPPED REPLY_LOST',
    'the name of another node, whose endpoints are then taken for local',
  );
  t.equal(outcome(cluster('', all('--config=/c', '--hostname-override=node-1.corp'))), NONE, 'counts beside --config');
  t.equal(outcome(cluster('', own)), 'DELIVERED', 'kubeadm’s $(NODE_NAME)');
  t.equal(outcome(cluster('hostnameOverride: node-2\n', own)), 'DELIVERED', 'the flag wins over the file');
  t.equal(
    outcome(cluster('', all('--hostname-override=$(SOMETHING)'))),
    'DELIVERED',
    'what is not given counts as not set',
  );
  t.equal(outcome(cluster('hostnameOverride: node-2\n')), 'DROPPED REPLY_LOST', 'one name for all');
  t.equal(outcome(cluster('hostnameOverride: node-2\n'), {}, 'node-2'), 'DELIVERED', 'but for the node that has it');
  t.equal(outcome(cluster(''), { kubeProxy: { hostnameOverride: 'elsewhere' } }), NONE, 'by the request');
  t.same(assumed(cluster('hostnameOverride: node-2\n'), /hostnameOverride/), ['hostnameOverride="node-2"']);
  const used = inferSettings(cluster('hostnameOverride: node-2\n').cluster, {}).asUsed;
  t.match(used.kubeProxy, { hostnameOverride: 'node-2' });
});

t.test('where kube-proxy serves its health is read', async (t) => {
  const health = (config: string, more: readonly object[] = []) => assumed(cluster(config, more), /BindAddress/);
  t.same(health('healthzBindAddress: 127.0.0.1:10256\n'), ['healthzBindAddress="127.0.0.1:10256"']);
  t.same(health('metricsBindAddress: 0.0.0.0:10249\n'), ['metricsBindAddress="0.0.0.0:10249"']);
  t.same(health(''), []);
  const pods = (...args: string[]) => ['node-1', 'node-2', 'node-3'].map((node) => proxyPod(node, args));
  t.same(health('', pods('--healthz-port=10300')), ['healthzBindAddress="0.0.0.0:10300"']);
  t.same(health('', pods('--healthz-bind-address=10.0.0.1', '--healthz-port=10300')), [
    'healthzBindAddress="10.0.0.1:10300"',
  ]);
  t.same(health('', pods('--metrics-port=0')), ['metricsBindAddress="127.0.0.1:0"']);
});

t.test('nodePortAddresses "primary" before 1.31 is reported', async (t) => {
  const reported = (version: string, settings = {}) =>
    assumed(cluster('nodePortAddresses: [primary]\n', [], version), /nodePortAddresses/, settings);
  t.same(reported('1.30.5'), ['nodePortAddresses=["primary"]', 'nodePortAddresses=[]']);
  t.same(reported('1.31.1'), ['nodePortAddresses=["primary"]']);
  t.same(reported('1.30.5', { kubeProxy: { nodePortAddresses: ['primary'] } }), ['nodePortAddresses=[]']);
});

t.test('findings count local endpoints by the names that kube-proxies go by', async (t) => {
  const without = (snapshot: ReturnType<typeof cluster>) =>
    ask('inspect', {}, snapshot)
      .findings.filter(({ code }) => code === 'LOCAL_POLICY_WITHOUT_ENDPOINTS')
      .map(({ evidence }) => [evidence.nodeCount, evidence.ofNodes]);
  const all = (...args: string[]) => ['node-1', 'node-2', 'node-3'].map((node) => proxyPod(node, args));
  t.same(without(cluster('', all('--hostname-override=node-9.corp'))), [[3, 3]]);
  t.notSame(without(cluster('')), [[3, 3]]);
});
