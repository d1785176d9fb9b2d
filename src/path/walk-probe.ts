/** A load balancer's TCP probe of a node, walked through the node's own rules. */
import { addressOf, firstHost, networkOf } from '../base/address.js';
import { isZero, sum } from '../base/fraction.js';
import type { Backend, Balanced, HealthCheck, WalkedProbe } from '../load-balancers/implementation.js';
import { standIn } from '../load-balancers/own-address.js';
import type { Client } from './client.js';
import type { Fabric } from './fabric.js';
import { travel } from './journey.js';
import type { Journey } from './trail.js';

/** The first address of the first network of the family that probes come from, to stand for all of them. */
export function probeSource({ family }: Fabric, { sources }: HealthCheck): string | undefined {
  const cidr = sources.map(networkOf).find((network) => network?.family === family);
  return cidr && firstHost(cidr);
}

/**
 * What the ways of a probe's connection come to. A probe that reaches somebody on some of them passes sooner or later.
 */
export function outcomeOf(journeys: readonly Journey[]): WalkedProbe {
  const share = (verdict: Journey['verdict']) =>
    sum(journeys.filter((one) => one.verdict === verdict).map(({ chance }) => chance.nominal));
  const detailOf = (verdict: Journey['verdict']) => journeys.find((one) => one.verdict === verdict)?.detail ?? '';
  if (!isZero(share('DELIVERED'))) return { answered: 'YES', detail: detailOf('DELIVERED') };
  if (!isZero(share('UNKNOWN'))) return { answered: 'UNKNOWN', detail: detailOf('UNKNOWN') };
  const [first] = journeys;
  return { answered: 'NO', detail: first?.detail ?? 'the probe goes nowhere' };
}

/** Walks a probe's connection to the port of its health check on a node. What it rests on is not the answer's. */
export function walkProbe(fabric: Fabric, balanced: Balanced, check: HealthCheck, backend: Backend): WalkedProbe {
  const address = addressOf(backend.address ?? '')?.text;
  if (address === undefined) {
    return { answered: 'UNKNOWN', detail: `${backend.node} has no ${fabric.family} address in the snapshot` };
  }
  const client: Client = {
    kind: 'OUTSIDE',
    name: `health check of the load balancer of ${balanced.key}`,
    address: probeSource(fabric, check) ?? standIn(balanced).address,
    node: backend.node,
    namespace: 'default',
  };
  return outcomeOf(travel(fabric, client, { address, port: check.port, protocol: 'TCP' }));
}
