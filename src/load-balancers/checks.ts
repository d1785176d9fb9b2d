import type { Balanced, HealthCheck } from './implementation.js';

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
