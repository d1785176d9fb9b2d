/** The plain manifests of deploy/kubernetes, and the schemas that they are checked by. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Ajv } from 'ajv';
import { parseAllDocuments } from 'yaml';

export const CHART = 'deploy/helm/kube-whatif';
export const FOLDERS = ['default', 'complete'] as const;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: what kinds there are, the schemas check.
  readonly [field: string]: any;
}

export const schemas = (
  JSON.parse(gunzipSync(readFileSync('test/deploy/schemas.json.gz')).toString()) as {
    readonly schemas: Readonly<Record<string, object>>;
  }
).schemas;

const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });

/** Every document of some YAML. */
export function documentsOf(text: string): readonly Manifest[] {
  return parseAllDocuments(text, { version: '1.1' })
    .map((document) => document.toJS() as Manifest | null)
    .filter((one) => one !== null);
}

/** The files that a folder's kustomization lists. */
export function resourcesOf(folder: string): readonly string[] {
  const text = readFileSync(`deploy/kubernetes/${folder}/kustomization.yaml`, 'utf8');
  return (documentsOf(text)[0]?.resources as readonly string[] | undefined) ?? [];
}

/** All manifests of a folder as one text, as `kubectl kustomize` prints them. */
export function textOf(folder: string): string {
  return resourcesOf(folder)
    .map((name) => readFileSync(`deploy/kubernetes/${folder}/${name}`, 'utf8'))
    .join('');
}

/** `deployment-apps-v1`: as kubeconform names a kind of a group without its domain. */
function schemaName({ apiVersion, kind }: Manifest): string {
  const [version, group] = apiVersion.split('/').reverse();
  return [kind.toLowerCase(), ...(group === undefined ? [] : [group.split('.')[0]]), version].join('-');
}

/** What breaks the schema of an object's kind. */
export function faultsOf(manifest: Manifest): readonly string[] {
  const schema = schemas[schemaName(manifest)];
  if (schema === undefined) return [`no schema for ${schemaName(manifest)}`];
  ajv.validate(schema, manifest);
  return (ajv.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** What of a pod's spec breaks the Pod Security Standard "restricted" (all of its fields that Linux pods have). */
export function restrictedFaults(spec: Manifest['spec']): readonly string[] {
  const pod = spec.securityContext ?? {};
  const faults: string[] = [];
  const need = (holds: boolean, text: string) => void (holds || faults.push(text));
  need(pod.runAsNonRoot === true, 'runAsNonRoot');
  need(pod.runAsUser > 0, 'runAsUser');
  need(['RuntimeDefault', 'Localhost'].includes(pod.seccompProfile?.type), 'seccompProfile');
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) need(spec[field] !== true, field);
  for (const volume of spec.volumes ?? []) {
    const [type = ''] = Object.keys(volume).filter((key) => key !== 'name');
    need(
      ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'projected', 'secret'].includes(type),
      `volume ${type}`,
    );
  }
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    const { allowPrivilegeEscalation, privileged, capabilities } = container.securityContext ?? {};
    need(allowPrivilegeEscalation === false, 'allowPrivilegeEscalation');
    need(privileged !== true, 'privileged');
    need(capabilities?.drop?.includes('ALL') === true && capabilities.add === undefined, 'capabilities');
    need(!(container.ports ?? []).some((port: { hostPort?: number }) => port.hostPort !== undefined), 'hostPort');
  }
  return faults;
}
