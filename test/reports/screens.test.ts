/**
 * What a person sees first, of clusters as six distributions show them: it fits a screen, whatever the cluster's size.
 */
import t from 'tap';
import type { Snapshot } from '../../src/cluster/read-snapshot.js';
import type { Change, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { render } from '../../src/reports/render.js';
import { PLATFORMS, type WrittenPlatform, writtenSnapshot } from '../support/written-clusters.js';

const CLIENT = { pod: 'shop/client' };
const FRONTEND = { namespace: 'shop', name: 'frontend' };
const PUBLIC = { namespace: 'shop', name: 'frontend-public' };
const scale = (replicas: number): Change => ({ scale: { kind: 'Deployment', ...FRONTEND, replicas } });
const from = (source: object, service: object) => ({ source, destination: { service } });

interface Screen {
  readonly what: string;
  readonly kind: QuestionKind;
  readonly request: object;
  /** Lines that the screen may have, at 80 columns. */
  readonly most: number;
}

const SCREENS: readonly Screen[] = [
  { what: 'a path', kind: 'path', request: { path: from(CLIENT, FRONTEND) }, most: 40 },
  { what: 'a path from a node', kind: 'path', request: { path: from({ node: 'NODE' }, FRONTEND) }, most: 40 },
  {
    what: 'a path from outside',
    kind: 'path',
    request: { path: from({ external: { address: '203.0.113.7' } }, { ...PUBLIC, via: 'LOAD_BALANCER' }) },
    most: 40,
  },
  { what: 'shares of a Service', kind: 'probability', request: { probability: { services: [FRONTEND] } }, most: 40 },
  { what: 'shares of the cluster', kind: 'probability', request: {}, most: 60 },
  { what: 'an inspection', kind: 'inspect', request: {}, most: 60 },
  { what: 'a check of a scaling', kind: 'check', request: { changes: [scale(2)] }, most: 60 },
  {
    what: 'a check of a zone that fails',
    kind: 'check',
    request: { changes: [{ zone: { name: 'zone-b', action: 'FAIL' } }] },
    most: 60,
  },
  {
    what: 'a path before and after',
    kind: 'what-if',
    request: { changes: [scale(2)], path: from(CLIENT, FRONTEND) },
    most: 40,
  },
  {
    what: 'shares before and after',
    kind: 'what-if',
    request: { changes: [scale(90)], probability: { services: [FRONTEND] } },
    most: 40,
  },
  {
    what: 'shares of the cluster before and after',
    kind: 'what-if',
    request: { changes: [scale(2)], probability: {} },
    most: 60,
  },
  { what: 'an apply', kind: 'apply', request: { changes: [scale(2)] }, most: 60 },
  { what: 'who reaches whom', kind: 'reach', request: {}, most: 60 },
  {
    what: 'a sweep',
    kind: 'sweep',
    request: { sweep: { scale: { kind: 'Deployment', ...FRONTEND }, from: 1, to: 100 } },
    most: 60,
  },
];

/** Endpoints, and Services beside; the many Services on two platforms, one of which is not modelled. */
const SIZES: readonly (readonly [endpoints: number, services: number, platforms?: readonly WrittenPlatform[]])[] = [
  [3, 1],
  [60, 1],
  [60, 100, ['kubeadm', 'openshift']],
];

/** Rules and their diffs are given verbatim, however long. */
const VERBATIM = /^\s*[-+]{0,2}A KUBE-|^[-+]|^\s*-A |^diff -u /;

function withNode(request: object, { cluster }: Snapshot): QuestionRequest {
  const [node = ''] = cluster.nodes.keys();
  return JSON.parse(JSON.stringify(request).replaceAll('"NODE"', JSON.stringify(node))) as QuestionRequest;
}

for (const platform of PLATFORMS) {
  for (const [endpoints, services, platforms = PLATFORMS] of SIZES) {
    if (!platforms.includes(platform)) continue;
    t.test(`${platform}, ${endpoints} endpoints, ${services} Services beside: every screen`, async (t) => {
      const snapshot = writtenSnapshot(platform, endpoints, services);
      for (const { what, kind, request, most } of SCREENS) {
        const answer = ask(kind, withNode(request, snapshot), snapshot);
        for (const width of [80, 120]) {
          const lines = render(kind, answer, 'text', { color: false, width }).trimEnd().split('\n');
          t.ok(lines.length <= most, `${what} at ${width}: ${lines.length} lines`);
          t.not(lines[0], '', 'the first line is the headline');
          t.same(
            lines.filter((line) => [...line].length > width && !VERBATIM.test(line)),
            [],
            `${what}: no line is wider than ${width}`,
          );
          t.notOk(/\n\n\n/.test(lines.join('\n')), 'one empty line at a time');
        }
        const markdown = render(kind, answer, 'markdown').split('\n');
        t.match(markdown[0], /^\*\*/, `${what}: Markdown begins with the headline`);
      }
    });
  }
}

t.test('the first word is the verdict', async (t) => {
  const heads: Record<string, string> = {};
  for (const platform of PLATFORMS) {
    const snapshot = writtenSnapshot(platform, 3, 1);
    heads[platform] =
      ask('path', { path: from(CLIENT, FRONTEND) } as QuestionRequest, snapshot).summary.split(':')[0] ?? '';
  }
  t.same(heads, {
    kubeadm: 'Delivered',
    gke: 'Delivered',
    eks: 'Delivered',
    k3s: 'Delivered',
    kind: 'Delivered',
    // OVN-Kubernetes takes the packets, which is not modelled.
    openshift: 'Not known',
  });
});
