/** Where new connections go at one moment: the plain question's shares, of the rules as they are then. */

import { joinHostPort } from '../../base/address.js';
import { toNumber } from '../../base/fraction.js';
import type { ServiceProbability } from '../../contract/answers.js';
import type { Phase, ProbabilityQuestion } from '../../contract/requests.js';
import type { Door } from '../findings/door.js';
import type { Prepared } from '../prepare.js';
import { answerProbability } from '../probability/answer-probability.js';

/** New connections to one Service port. */
export interface View {
  /** By pod (else endpoint): its share of all new connections. */
  readonly shares: ReadonlyMap<string, number>;
  /** The share of new connections that fail. */
  readonly lost: number;
}

/** A state of the cluster as the question sees it: a view for each Service port, and what findings are made of. */
export interface Seen {
  readonly views: readonly View[];
  readonly results: readonly ServiceProbability[];
  readonly doors: readonly Door[];
  readonly unknown: string | undefined;
}

export const TRAFFIC = '/timeline/probability/traffic';

/** Shares by pod, which may be several endpoints, and of addresses that are no pod's. */
function sharesByPod(endpoints: ServiceProbability['endpoints']): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  for (const { address, port, pod, share } of endpoints) {
    const key = pod ?? joinHostPort(address, port);
    shares.set(key, (shares.get(key) ?? 0) + share.value);
  }
  return shares;
}

/**
 * Asks the plain question of a state. `phase`: whether the health checks of load balancers have found the change.
 * Throws QuestionError.
 */
export function seen(prepared: Prepared, question: ProbabilityQuestion, phase: Phase = 'AFTER'): Seen {
  const { traffic: _, ...shares } = question;
  const { result, doors } = answerProbability(prepared, { ...shares, phase }, TRAFFIC);
  const lost = result.services.find(({ unknown }) => unknown.value > 0);
  return {
    views: result.services.map(({ endpoints, delivered }) => ({
      shares: sharesByPod(endpoints),
      lost: Math.max(0, 1 - delivered.value),
    })),
    results: result.services,
    doors,
    unknown:
      lost === undefined
        ? undefined
        : (lost.verdicts.find(({ verdict }) => verdict === 'UNKNOWN')?.cause ?? 'connections leave the model'),
  };
}

/** The part of some nodes that is not down; all of none. */
function aliveOf(nodes: readonly string[], dead: ReadonlySet<string>): number {
  return nodes.length === 0 ? 1 : nodes.filter((node) => !dead.has(node)).length / nodes.length;
}

/**
 * The same rules while these nodes are down and nobody has noticed: what goes to or over them is lost; their own
 * clients are gone.
 */
export function withDeadNodes(
  { doors, views }: Pick<Seen, 'doors' | 'views'>,
  dead: ReadonlySet<string>,
  keyOf: (address: string, port: number | undefined) => string | undefined,
): readonly View[] {
  return doors.map((door, index) => {
    const shares = new Map<string, number>();
    let [all, lost] = [0, 0];
    for (const { client, nodes, outcomes } of door.from) {
      const own = client.kind === 'OUTSIDE' ? undefined : (nodes ?? [client.node]);
      const alive = own === undefined ? 1 : own.filter((node) => !dead.has(node)).length / own.length;
      for (const { verdict, receiver, entries = [], share } of outcomes) {
        const part = toNumber(share) * alive;
        all += part;
        const gone = verdict !== 'DELIVERED' || receiver === undefined || dead.has(receiver.node ?? '');
        const key = receiver === undefined ? undefined : keyOf(receiver.address, receiver.port);
        if (gone || key === undefined) lost += part;
        else {
          const over = part * aliveOf(entries, dead);
          lost += part - over;
          shares.set(key, (shares.get(key) ?? 0) + over);
        }
      }
    }
    if (all === 0) return views[index] as View;
    return { shares: new Map([...shares].map(([key, share]) => [key, share / all])), lost: lost / all };
  });
}

/** The same rules while these pods accept no more. */
export function withStopped(views: readonly View[], stopped: ReadonlySet<string>): readonly View[] {
  return views.map(({ shares, lost }) => {
    let more = 0;
    const left = new Map<string, number>();
    for (const [key, share] of shares) {
      if (stopped.has(key)) more += share;
      else left.set(key, share);
    }
    return { shares: left, lost: lost + more };
  });
}

/** Whether two moments send new connections alike. */
export function alike(a: readonly View[], b: readonly View[]): boolean {
  return a.every(({ shares, lost }, index) => {
    const other = b[index];
    if (other === undefined || Math.abs(other.lost - lost) > 1e-12 || other.shares.size !== shares.size) return false;
    return [...shares].every(([key, share]) => Math.abs((other.shares.get(key) ?? -1) - share) < 1e-12);
  });
}
