import type { Balanced, BalancedPort, HealthCheck } from './implementation.js';

/** kube-proxy's own health port (`--healthz-bind-address`), the same on every node. */
export const PROXY_HEALTH_PORT = 10256;
export const HEALTH_PATH = '/healthz';

export type Timing = Pick<HealthCheck, 'intervalSeconds' | 'timeoutSeconds' | 'unhealthyAfter' | 'healthyAfter'>;

export function isLocal({ service }: Pick<Balanced, 'service'>): boolean {
  return service.spec?.externalTrafficPolicy === 'Local';
}

/**
 * The health check that Kubernetes means load balancers over nodes to make: under Local the Service's health check node
 * port, which tells the nodes with endpoints apart; else kube-proxy's own health. Both by HTTP.
 */
export function nodeHealthCheck(
  balanced: Pick<Balanced, 'service'>,
  timing: Timing,
  sources: readonly string[],
): HealthCheck {
  const own = balanced.service.spec?.healthCheckNodePort;
  const local = isLocal(balanced) && own !== undefined && own !== 0;
  return {
    protocol: 'HTTP',
    port: local ? own : PROXY_HEALTH_PORT,
    path: HEALTH_PATH,
    ...timing,
    sources,
    answeredBy: local ? 'SERVICE_HEALTH' : 'KUBE_PROXY',
  };
}

/** A TCP connection to the node port of a Service port. */
export function nodePortCheck({ nodePort }: BalancedPort, timing: Timing, sources: readonly string[]): HealthCheck {
  return { protocol: 'TCP', port: nodePort ?? 0, ...timing, sources, answeredBy: 'NODE_PORT' };
}

/**
 * Nobody probes: who announces or holds the address gets connections, as leases, advertisements or endpoints say.
 * `seconds`: until a change has come through.
 */
export function announcement(seconds: number): HealthCheck {
  return {
    protocol: 'NONE',
    port: 0,
    intervalSeconds: seconds,
    unhealthyAfter: 1,
    healthyAfter: 1,
    sources: [],
    answeredBy: 'ANNOUNCEMENT',
  };
}

/** No health check: every backend is in use. */
export const NO_CHECK: HealthCheck = {
  protocol: 'NONE',
  port: 0,
  intervalSeconds: 0,
  unhealthyAfter: 1,
  healthyAfter: 1,
  sources: [],
  answeredBy: 'NOBODY',
};

/** The health check that option `healthCheck` asks for, at the usual pace; the usual one where the option is absent. */
export function chosenCheck(balanced: Balanced, port: BalancedPort, usual: HealthCheck): HealthCheck {
  const { intervalSeconds, timeoutSeconds, unhealthyAfter, healthyAfter, sources } = usual;
  const timing = {
    intervalSeconds,
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...{ unhealthyAfter, healthyAfter },
  };
  switch (balanced.options.healthCheck) {
    case 'NONE':
      return NO_CHECK;
    case 'NODE_PORT':
      return nodePortCheck(port, timing, sources);
    case 'NODE_HEALTH':
      return nodeHealthCheck(balanced, timing, sources);
    default:
      return usual;
  }
}
