/**
 * Every question works for nodes in every mode, and gives the same nominal shares: modes choose otherwise, and as
 * evenly. What a client that comes back meets is the same, too.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { lab } from '../support/lab.js';

const MODES = ['iptables', 'nftables', 'ipvs'] as const;
const settingsOf = (mode: string) => ({ kubernetesVersion: '1.34', kubeProxy: { mode } });
const zones = readSnapshot({ bytes: readFileSync('examples/three-zones.json') });
const shop = readSnapshot({ bytes: readFileSync('examples/shop.json') });

/** Everything of an answer that modes have in common: fractions, counts, names. */
function nominal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nominal);
  if (typeof value !== 'object' || value === null) return value;
  const reported = new Set(['programmed', 'basis', 'threshold', 'engine', 'assumptions', 'summary']);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => (reported.has(name) ? [] : [[name, nominal(one)]])),
  );
}

const resultOf = (kind: QuestionKind, request: object, mode: string, snapshot = zones) =>
  nominal(ask(kind as 'probability', { settings: settingsOf(mode), ...request } as QuestionRequest, snapshot).result);

const workload = [...zones.cluster.workloads.values()].find(({ kind }) => kind === 'Deployment');
const scale = {
  kind: 'Deployment',
  namespace: workload?.metadata.namespace ?? 'default',
  name: workload?.metadata.name ?? '',
};

t.test('probability, sweep and batch', async (t) => {
  const questions: readonly (readonly [QuestionKind, object])[] = [
    ['probability', { probability: {} }],
    ['probability', { probability: {}, changes: [{ scale: { ...scale, replicas: 7 } }] }],
    ['sweep', { sweep: { scale, from: 1, to: 9 } }],
    ['batch', { batch: { questions: [{ probability: {} }, { sweep: { scale, replicas: [2, 5] } }] } }],
  ];
  for (const [kind, request] of questions) {
    const first = JSON.stringify(resultOf(kind, request, 'iptables'));
    t.match(first, /"fraction":"1\//, kind);
    for (const mode of ['nftables', 'ipvs']) {
      const other = JSON.stringify(resultOf(kind, request, mode));
      // Each answer of a batch tells what it was settled on.
      const plain = (text: string) => text.replace(/"settings":\{.*?"kubelet"/g, '');
      t.equal(plain(other), plain(first), `${kind} in ${mode} mode`);
    }
  }
});

t.test('check finds the same change hurtful', async (t) => {
  const changes = [{ scale: { kind: 'StatefulSet', namespace: 'shop', name: 'web', replicas: 1 } }];
  const codes = (mode: string) => {
    const request = { settings: settingsOf(mode), check: {}, changes } as unknown as QuestionRequest;
    return ask('check', request, shop).findings.map(({ code, severity }) => `${severity} ${code}`);
  };
  const first = codes('iptables');
  t.same(codes('nftables'), first);
});

t.test('a client that comes back gets its endpoint again, in each mode', async (t) => {
  const spec = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } };
  const snapshot = lab({ services: [{ spec }], version: '1.34.2' });
  for (const mode of MODES) {
    for (const endpoint of ['10.180.1.2', '10.180.2.2', '10.180.3.2']) {
      const path = {
        source: { pod: 'default/client-1' },
        destination: { service: { namespace: 'default', name: 'svc', port: 80 } },
        returningTo: `${endpoint}:8080`,
      };
      const request = { settings: settingsOf(mode), path } as unknown as QuestionRequest;
      const { traces } = ask('path', request, snapshot).result;
      t.same(
        traces.map(({ verdict, endpoint: reached, probability }) => [verdict, reached?.address, probability.fraction]),
        [['DELIVERED', endpoint, '1']],
        `${mode} ${endpoint}`,
      );
    }
    const request = { settings: settingsOf(mode), probability: {} } as unknown as QuestionRequest;
    const [answer] = ask('probability', request, snapshot).result.services;
    t.equal(answer?.affinity?.timeoutSeconds, 600, mode);
    for (const { endpoint, goesTo } of answer?.affinity?.returning ?? []) t.equal(goesTo, endpoint, mode);
    t.equal(answer?.affinity?.returning.length, 3, mode);
  }
});
