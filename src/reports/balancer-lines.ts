import type { BackendAnswer, BalancerAnswer, ServiceProbability } from '../contract/answers.js';
import { hasShare, shareText } from './share-text.js';
import type { Column } from './text-table.js';

/** Backends that a report tells one by one. */
const MAX_ROWS = 20;

function seconds(count: number): string {
  return count === 1 ? '1 second' : `${count} seconds`;
}

/** What is reported of the load balancer that clients come through, one sentence a line. */
export function balancerLines(balancer: BalancerAnswer): readonly string[] {
  const {
    title,
    implementation,
    group,
    phase,
    healthCheck,
    secondsToConverge,
    backends,
    omittedBackends = 0,
  } = balancer;
  const { protocol, port, path = '', intervalSeconds, unhealthyAfter } = healthCheck;
  const announced = protocol === 'NONE';
  // Who announces an address is found out again and again; where nobody checks, nothing is.
  const unchecked = announced && intervalSeconds === 0;
  const found = announced ? 'announcements have' : 'its health checks have';
  const count = backends.length + omittedBackends;
  const used = backends.filter(({ share }) => hasShare(share)).length;
  const moment =
    phase === 'BEFORE'
      ? `before ${found} found the present state, which takes up to ${seconds(secondsToConverge)}`
      : `after ${found} found the present state, up to ${seconds(secondsToConverge)} later`;
  return [
    `load balancer: ${title} (${implementation})`,
    `  ${count} ${count === 1 ? 'backend' : 'backends'} (${group}), ` +
      `${omittedBackends > 0 ? 'of those listed ' : ''}${used} in use${unchecked ? '' : ` ${moment}`}`,
    unchecked
      ? '  health check: none, every backend gets connections'
      : announced
        ? '  health check: none, who announces the address gets connections'
        : `  health check: ${protocol} ${port}${path} every ${seconds(intervalSeconds)}, out after ` +
          `${unhealthyAfter} failures`,
    `  ${balancer.affinity}`,
    balancer.reply === 'DIRECT'
      ? '  replies: from the node straight to the client (direct server return)'
      : '  replies: back through the load balancer',
    ...(balancer.sourceRanges === undefined ? [] : [`  lets in ${balancer.sourceRanges.join(', ')} only`]),
    ...balancer.firewall.map((rule) => `  opens: ${rule}`),
    `  drains: ${balancer.drain.detail}`,
    ...(hasShare(balancer.lost) ? [`  lost: ${shareText(balancer.lost)} of new connections get no answer`] : []),
  ];
}

/** What connections take beside the way to one node. */
export function crossingLines({ secondHop, crossZone }: ServiceProbability): readonly string[] {
  return [
    ...(secondHop !== undefined && hasShare(secondHop)
      ? [`second hop, from the node they come in at to another: ${shareText(secondHop)}`]
      : []),
    ...(crossZone !== undefined && hasShare(crossZone) ? [`to another zone: ${shareText(crossZone)}`] : []),
  ];
}

export const BACKEND_COLUMNS: readonly Column[] = [
  { title: 'backend' },
  { title: 'zone' },
  { title: 'health check' },
  { title: 'share', align: 'right' },
];

function isListed({ healthy, share }: BackendAnswer, all: boolean): boolean {
  return all || !healthy || !hasShare(share);
}

/** The backends as rows: all of a few; of many those that differ from the rest by their health. */
export function backendRows({ backends, healthCheck }: BalancerAnswer): readonly (readonly string[])[] {
  const all = backends.length <= MAX_ROWS;
  return backends
    .filter((backend) => isListed(backend, all))
    .slice(0, MAX_ROWS)
    .map(({ node, pod, zone, healthy, assumed = false, health, share }) => [
      pod ?? node,
      zone ?? '',
      healthCheck.protocol === 'NONE'
        ? health
        : `${assumed ? 'taken to pass' : healthy ? 'passes' : 'fails'}: ${health}`,
      share.fraction,
    ]);
}
