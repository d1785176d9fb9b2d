/** The cluster of balanced.ts whose pods a Deployment and its ReplicaSet own. */
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { type BalancedOptions, balancedList } from './balanced.js';

export interface Deployed {
  readonly replicas?: number;
  readonly strategy?: Record<string, unknown>;
  /** Merged into the spec of its pods' template. */
  readonly spec?: Record<string, unknown>;
  /** More objects. */
  readonly more?: readonly unknown[];
}

/** The balanced cluster with a Deployment that owns its pods. */
export function deployed(options: BalancedOptions, { replicas, strategy, spec: podSpec, more = [] }: Deployed = {}) {
  const list = balancedList(options);
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'main', ports: [{ containerPort: 8080 }] }], ...podSpec },
  };
  const pods = options.pods.reduce((sum, one) => sum + one, 0);
  const set = {
    name: 'web-1a',
    namespace: 'default',
    uid: 'uid-rs',
    labels: { app: 'web', 'pod-template-hash': '1a' },
  };
  for (const item of list.items as { kind: string; metadata: Record<string, unknown>; spec?: object }[]) {
    if (item.kind !== 'Pod' || item.metadata.name === 'client') continue;
    item.spec = { ...item.spec, ...podSpec };
    item.metadata.labels = { app: 'web', 'pod-template-hash': '1a' };
    item.metadata.ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1a', uid: 'uid-rs', controller: true },
    ];
  }
  const selector = { matchLabels: { app: 'web' } };
  const spec = { replicas: replicas ?? pods, selector, template };
  return readSnapshot({
    inline: {
      ...list,
      items: [
        ...list.items,
        ...more,
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web', namespace: 'default', uid: 'uid-d' },
          spec: { ...spec, ...(strategy === undefined ? {} : { strategy }) },
        },
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          metadata: {
            ...set,
            ownerReferences: [
              { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'uid-d', controller: true },
            ],
          },
          spec: {
            ...spec,
            selector: { matchLabels: { app: 'web', 'pod-template-hash': '1a' } },
            template: { ...template, metadata: { labels: set.labels } },
          },
          status: { replicas: pods },
        },
      ],
    },
  });
}
