import type { Container, PodSpec } from './objects.js';

type Spec = Pick<PodSpec, 'containers' | 'initContainers'>;

/** The native sidecars of a pod: init containers that go on beside the others. */
export function sidecarsOf(spec: Spec | undefined): readonly Container[] {
  return (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
}

/** The containers of a pod that run beside each other: its own and its native sidecars. */
export function containersOf(spec: Spec | undefined): readonly Container[] {
  return [...(spec?.containers ?? []), ...sidecarsOf(spec)];
}
