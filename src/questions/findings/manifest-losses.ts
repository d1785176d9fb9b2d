/** What manifests lose: ports, protocols and annotations that the cluster has, or that they name themselves. */

import { pointer } from '../../base/errors.js';
import { fieldsOf } from '../../base/record.js';
import { type ManifestSource, readManifests } from '../../changes/manifests/read-manifests.js';
import { LAST_APPLIED_ANNOTATION } from '../../changes/update-service.js';
import { type Cluster, workloadKey } from '../../cluster/cluster.js';
import type { KubernetesObject, Service, ServicePortSpec, Workload } from '../../cluster/objects.js';

import type { AppliedChange, Finding } from '../../contract/answers.js';
import { finding, listed } from './finding.js';

const portText = ({ port, protocol = 'TCP' }: Pick<ServicePortSpec, 'port' | 'protocol'>) => `${port}/${protocol}`;

function objectOf(cluster: Cluster, kind: string, namespace: string, name: string): KubernetesObject | undefined {
  if (kind === 'Service') return cluster.services.get(`${namespace}/${name}`);
  if (kind === 'Pod') return cluster.pods.get(`${namespace}/${name}`);
  if (kind === 'Node') return cluster.nodes.get(name);
  return cluster.workloads.get(workloadKey(kind, namespace, name));
}

/** The ports of an object, as texts: of a Service its own, of a workload or pod those of containers. */
function portsOf(object: KubernetesObject | undefined): readonly string[] {
  if (object === undefined) return [];
  if (object.kind === 'Service') return (object as Service).spec?.ports?.map(portText) ?? [];
  const spec = object.kind === 'Pod' ? object.spec : (object as Workload).spec?.template?.spec;
  return (spec?.containers ?? []).flatMap(({ ports }) =>
    (ports ?? []).map(({ containerPort, protocol }) =>
      portText({ port: containerPort, ...(protocol ? { protocol } : {}) }),
    ),
  );
}

/** The ports that a Service's manifest lists. */
function portsNamed(value: unknown): readonly string[] {
  const { ports } = fieldsOf(fieldsOf(value).spec);
  return (Array.isArray(ports) ? ports : []).flatMap((entry) => {
    const { port, protocol } = fieldsOf(entry);
    return typeof port === 'number'
      ? [portText({ port, ...(typeof protocol === 'string' ? { protocol: protocol as 'TCP' } : {}) })]
      : [];
  });
}

/** Taken out of `earlier` as often as `later` has it. */
function without(earlier: readonly string[], later: readonly string[]): readonly string[] {
  return [...new Set(earlier)].filter((one) => !later.includes(one));
}

/** The ports whose number another one has too. */
function ofOneNumber(ports: readonly string[]): readonly string[] {
  const numberOf = (port: string) => port.split('/')[0];
  return ports.filter((port, index) =>
    ports.some((other, place) => place !== index && numberOf(other) === numberOf(port)),
  );
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
}

function annotationsOf(object: KubernetesObject | undefined): readonly string[] {
  return Object.keys(object?.metadata.annotations ?? {}).filter((name) => name !== LAST_APPLIED_ANNOTATION);
}

function manifestsOf(change: unknown) {
  const { apply } = fieldsOf(change);
  const { manifests, namespace } = fieldsOf(apply);
  if (!Array.isArray(manifests)) return [];
  const given = typeof namespace === 'string' ? namespace : 'default';
  return readManifests(manifests as readonly ManifestSource[], '').manifests.map((manifest) => ({ manifest, given }));
}

/**
 * What the manifests of a request's changes lose, object by object. `before` and `after`: the cluster on both sides.
 */
export function manifestLosses(changes: readonly AppliedChange[], before: Cluster, after: Cluster): readonly Finding[] {
  return changes.flatMap(({ change }, index) =>
    manifestsOf(change).flatMap(({ manifest, given }): readonly Finding[] => {
      const { kind, value } = manifest;
      const { name, namespace } = fieldsOf(value.metadata);
      if (typeof name !== 'string') return [];
      const place = typeof namespace === 'string' && namespace !== '' ? namespace : given;
      const [was, is] = [before, after].map((cluster) => objectOf(cluster, kind, place, name));
      if (is === undefined) return [];
      const ports = was === undefined ? [] : without(portsOf(was), portsOf(is));
      const annotations = was === undefined ? [] : without(annotationsOf(was), annotationsOf(is));
      const named = kind === 'Service' ? portsNamed(value) : [];
      const clashing = was === undefined || sameTexts(named, portsOf(was)) ? [] : ofOneNumber(named);
      const merged = [...new Set([...without(named, portsOf(is)), ...clashing])];
      if (ports.length + annotations.length + merged.length === 0) return [];
      const object = `${kind} ${kind === 'Node' ? name : `${place}/${name}`}`;
      const parts = [
        ...(ports.length === 0
          ? []
          : [`${ports.length === 1 ? 'port' : 'ports'} ${listed(ports)}, which the cluster has`]),
        ...(annotations.length === 0
          ? []
          : [
              `${annotations.length === 1 ? 'annotation' : 'annotations'} ${listed(annotations)}, which the ` +
                'cluster has',
            ]),
        ...(merged.length === 0
          ? []
          : [
              `${merged.length === 1 ? 'port' : 'ports'} ${listed(merged)} of the manifest itself (kubectl ` +
                'apply merges ports by number alone, so that of several with one number one stays; --server-side ' +
                'keeps protocols apart)',
            ]),
      ];
      const isCertain = ports.length + annotations.length > 0 || named.length > portsOf(is).length;
      const word = isCertain ? 'loses' : 'may lose';
      const message = `${object} ${word} ${parts.join('; and ')}: ${manifest.origin}.`;
      return [
        finding('MANIFEST_LOSES', message, {
          pointer: pointer('changes', index),
          ...(kind === 'Service' ? { service: `${place}/${name}` } : {}),
          object,
          ports,
          annotations,
          notApplied: merged,
        }),
      ];
    }),
  );
}
