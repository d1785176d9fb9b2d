import { isZero } from '../../base/fraction.js';
import type { BackendAnswer, BalancerAnswer, HealthCheckAnswer } from '../../contract/answers.js';
import type { AskedPort, Balancer } from '../../load-balancers/balancer.js';
import type { HealthCheck } from '../../load-balancers/implementation.js';
import type { Client } from '../../path/client.js';
import type { Fabric } from '../../path/fabric.js';
import { addShare, NO_SHARE, type Share } from '../../probability/distribution.js';
import { probability } from '../chances.js';

/** Backends that an answer lists one by one. */
const MAX_BACKENDS = 500;

function healthCheckAnswer(check: HealthCheck): HealthCheckAnswer {
  const { protocol, port, path, intervalSeconds, unhealthyAfter, healthyAfter, sources } = check;
  return {
    protocol,
    port,
    ...(path === undefined ? {} : { path }),
    intervalSeconds,
    unhealthyAfter,
    healthyAfter,
    sources,
  };
}

/**
 * A load balancer as an answer describes it for connections to one port: what it is, its backends with their health and
 * shares, and what is lost.
 */
export function balancerAnswer(
  fabric: Fabric,
  balancer: Balancer,
  client: Client,
  lost: Share,
  port: AskedPort,
): BalancerAnswer {
  const { members, excluded, group } = balancer.backends;
  const spread = balancer.distribution(
    fabric.phase,
    { address: client.address, zone: client.through?.zone ?? '' },
    fabric.earlierThan(balancer),
    port,
  );
  const shares = new Map(spread.shares.map(({ backend, share }) => [backend, share]));
  const listed = members.slice(0, MAX_BACKENDS).map((backend): BackendAnswer => {
    const { healthy, detail, assumed } = balancer.probe(backend, port);
    const share = shares.get(backend);
    return {
      node: backend.node,
      ...(backend.pod === undefined ? {} : { pod: backend.pod }),
      ...(backend.zone === '' ? {} : { zone: backend.zone }),
      healthy,
      ...(assumed === undefined ? {} : { assumed }),
      health: detail,
      share: probability(share === undefined ? NO_SHARE : addShare(NO_SHARE, { nominal: share, programmed: share })),
    };
  });
  const { allowed, rules } = balancer.firewall;
  const { seconds, detail } = balancer.drain;
  const answer: BalancerAnswer = {
    implementation: balancer.implementation.name,
    title: balancer.implementation.title,
    group,
    phase: fabric.phase,
    secondsToConverge: balancer.secondsToConverge,
    healthCheck: healthCheckAnswer(balancer.healthCheckOf(port)),
    affinity: balancer.affinity.detail,
    reply: balancer.reply,
    drain: { ...(seconds === undefined ? {} : { seconds }), detail },
    firewall: rules,
    ...(allowed === undefined ? {} : { sourceRanges: allowed }),
    backends: listed,
    ...(members.length > MAX_BACKENDS ? { omittedBackends: members.length - MAX_BACKENDS } : {}),
    excluded: excluded.slice(0, MAX_BACKENDS),
    lost: probability(isZero(lost.nominal) ? NO_SHARE : lost),
  };
  fabric.noteAssumptions(balancer);
  return answer;
}
