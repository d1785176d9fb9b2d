import type { Expectation, Outcome } from './expectation.js';
import type { Plant } from './plant/plant.js';
import type { Observed } from './plant/protocol.js';

/** After this many milliseconds a connection of a namespace counts as lost, where losing it is what is expected. */
const SHORT = 400;
/**
 * Long enough for the second SYN, which a client may need to be refused: while connect() still holds its socket the
 * kernel puts an ICMP error aside (LockDroppedIcmps), for IPv6 always. And for a machine that is busy: what is lost by then is lost for good. */
const LONG = 3500;
/** With three outcomes of a third each, one stays unseen in all of these once in 10^13 runs. */
const MOST = 80;
const BATCH = 8;

/** What connections showed. */
export interface Observation {
  /** Connections that were opened. */
  readonly flows: number;
  /** What they showed that the walk does not tell of. */
  readonly unexpected: readonly Observed[];
  /** Outcomes of the walk that no connection showed. */
  readonly unseen: readonly Outcome[];
}

/**
 * Opens the connections that an expectation is about. A connection that is lost where the walk tells of no loss is
 * opened again with more patience before it counts.
 *
 * @param repetitions how many to open; `ALL`: until every outcome was seen, or one that is not expected
 */
export async function observe(
  plant: Plant,
  { host, flow, outcomes }: Expectation,
  repetitions: number | 'ALL',
): Promise<Observation> {
  const agent = plant.agent(host);
  const allowed = new Set(outcomes.flatMap((outcome) => outcome.observable));
  const seen = new Set<Observed>();
  let flows = 0;
  const open = async (count: number, timeout: number) => {
    flows += count;
    return agent.connect(Array.from({ length: count }, () => ({ ...flow, timeout })));
  };
  const unseen = () => outcomes.filter((outcome) => !outcome.observable.some((each) => seen.has(each)));
  const surprises = () => [...seen].filter((each) => !allowed.has(each));
  const round = async (count: number) => {
    const observed = await open(count, allowed.has('REFUSED') && !allowed.has('TIMEOUT') ? LONG : SHORT);
    for (const each of observed) if (each !== 'TIMEOUT' || allowed.has(each)) seen.add(each);
    const lost = allowed.has('TIMEOUT') ? 0 : observed.filter((each) => each === 'TIMEOUT').length;
    if (lost > 0) for (const each of await open(lost, LONG)) seen.add(each);
  };
  if (repetitions === 'ALL') {
    await round(outcomes.length === 1 ? 1 : BATCH);
    while (flows < MOST && unseen().length > 0 && surprises().length === 0) await round(BATCH);
  } else await round(repetitions);
  return { flows, unexpected: surprises(), unseen: unseen() };
}
