/** The load balancer that outside clients come through: its backends, their health, and who is not a backend. */
import type { Balancer } from '../api/types.js';
import { Share } from './parts.js';

export function BalancerBox({ balancer }: { balancer: Balancer }) {
  const { healthCheck: check } = balancer;
  const probe =
    check.protocol === 'NONE'
      ? 'nobody probes'
      : `${check.protocol} ${check.port}${check.path ?? ''} every ${check.intervalSeconds} s, out after ` +
        `${check.unhealthyAfter} failures`;
  return (
    <details class="as-table">
      <summary>
        {balancer.title}: {balancer.backends.length + (balancer.omittedBackends ?? 0)} backends
      </summary>
      <p class="detail">
        {balancer.affinity} Health check: {probe}. The reply{' '}
        {balancer.reply === 'DIRECT' ? 'goes past it' : 'passes it'}.
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Backends">
        <table class="data">
          <thead>
            <tr>
              <th scope="col">Backend</th>
              <th scope="col">Health</th>
              <th scope="col" class="number">
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {balancer.backends.map((one) => (
              <tr key={`${one.node} ${one.pod}`}>
                <th scope="row">{one.pod ?? one.node}</th>
                <td>
                  <span aria-hidden="true">{one.healthy ? '✓' : '✕'}</span> {one.health}
                </td>
                <td class="number">
                  <Share of={one.share} />
                </td>
              </tr>
            ))}
            {balancer.excluded.map((one) => (
              <tr key={`not ${one.name}`}>
                <th scope="row">{one.name}</th>
                <td colSpan={2}>no backend: {one.why}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
