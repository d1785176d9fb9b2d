/** Why the API server would refuse a pod template. Source: Kubernetes 1.36 pkg/apis/core/validation, `ValidatePodTemplateSpec`. */
import { fieldsOf } from '../../cluster/resources.js';
import type { ObjectFault } from './workload-faults.js';

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'];
const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function portFaults(ports: unknown, at: string): ObjectFault[] {
  const seen = new Set<unknown>();
  return listOf(ports).flatMap((port, index) => {
    const { name } = fieldsOf(port);
    if (name === undefined || name === '' || !seen.has(name)) {
      seen.add(name);
      return [];
    }
    const detail = `Two ports of the container are named ${JSON.stringify(name)}; each needs a name of its own.`;
    return [{ place: `${at}/ports/${index}/name`, detail }];
  });
}

function probeFaults(container: unknown, at: string): ObjectFault[] {
  return PROBES.flatMap((probe) => {
    const given = HANDLERS.filter((handler) => Boolean(fieldsOf(fieldsOf(container)[probe])[handler]));
    if (given.length < 2) return [];
    const detail = `${probe} has ${given.join(' and ')}; it may have one of them.`;
    return [{ place: `${at}/${probe}/${given[1]}`, detail }];
  });
}

/** The faults of a template, by place in the workload. */
export function templateFaults(template: unknown): readonly ObjectFault[] {
  const { containers, initContainers, volumes } = fieldsOf(fieldsOf(template).spec);
  const known = new Set(listOf(volumes).map((volume) => fieldsOf(volume).name));
  return [['containers', containers] as const, ['initContainers', initContainers] as const].flatMap(([field, list]) =>
    listOf(list).flatMap((container, index) => {
      const at = `/spec/template/spec/${field}/${index}`;
      const { ports, volumeMounts } = fieldsOf(container);
      const mounts = listOf(volumeMounts).flatMap((mount, number): ObjectFault[] => {
        const { name } = fieldsOf(mount);
        if (typeof name !== 'string' || known.has(name)) return [];
        return [{ place: `${at}/volumeMounts/${number}/name`, detail: `There is no volume ${JSON.stringify(name)}.` }];
      });
      return [...portFaults(ports, at), ...mounts, ...probeFaults(container, at)];
    }),
  );
}
