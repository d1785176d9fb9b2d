import type { Expectation, Outcome } from './expectation.js';
import type { Plant } from './plant/plant.js';
import type { Observed } from './plant/protocol.js';

/** After this many milliseconds a connection of a namespace counts as lost, where losing it is what is expected. */
const SHORT = 400;
/**
 * Long enough for the second SYN, which a client may need to be refused: while connect() still holds its socket the
 * kernel puts an ICMP error aside (LockDroppedIcmps), for IPv6 always. And for a machine that is busy: what is lost by
 * then is lost for good.
 */
const LONG = 3500;
/** An outcome that is possible stays unseen with this chance. */
const UNSEEN = 1e-10;
const FIRST_BATCH = 4;
const LARGEST_BATCH = 64;

/** What connections showed. */
export interface Observation {
  /** Connections that were opened. */
  readonly flows: number;
  /** What they showed that the walk does not report. */
  readonly unexpected: readonly Observed[];
  /** Outcomes of the walk that no connection showed. */
  readonly unseen: readonly Outcome[];
}

/** So many connections show every outcome, but for the chance that is allowed. */
function enough(outcomes: readonly Outcome[]): number {
  if (outcomes.length < 2) return 1;
  const rarest = Math.min(...outcomes.map(({ trace }) => trace.probability.value));
  return Math.ceil(Math.log(UNSEEN / outcomes.length) / Math.log(1 - rarest));
}

/**
 * Opens the connections that an expectation is about, until every outcome was seen, or one that is not expected, or so
 * many that one of each must have been. A connection that is lost where the walk reports no loss is opened again with
 * more patience before it counts.
 */
export async function observe(plant: Plant, { host, flow, outcomes, sticky }: Expectation): Promise<Observation> {
  const agent = plant.agent(host);
  const allowed = new Set(outcomes.flatMap((outcome) => outcome.observable));
  const seen = new Set<Observed>();
  const most = enough(outcomes);
  const patience = allowed.has('REFUSED') && !allowed.has('TIMEOUT') ? LONG : SHORT;
  let flows = 0;
  let free = true;
  const open = async (count: number, timeout: number) => {
    flows += count;
    return agent.connect(Array.from({ length: count }, () => ({ ...flow, timeout })));
  };
  const unseen = () => outcomes.filter((outcome) => !outcome.observable.some((each) => seen.has(each)));
  const surprises = () => [...seen].filter((each) => !allowed.has(each));
  const round = async (count: number) => {
    // Each is to be like a client's first. Where that cannot be had, one is all that can be seen.
    if (sticky) free = await plant.forgetClients();
    const observed = await open(count, patience);
    // A busy machine may be late with the server's answer, too.
    const isLost = (each: Observed) => (each === 'TIMEOUT' || each === 'SILENT') && !allowed.has(each);
    for (const each of observed) if (!isLost(each)) seen.add(each);
    const lost = observed.filter(isLost).length;
    if (lost > 0) for (const each of await open(lost, LONG)) seen.add(each);
  };
  let batch = most === 1 || sticky ? 1 : FIRST_BATCH;
  do {
    await round(batch);
    if (!sticky) batch = Math.min(2 * batch, LARGEST_BATCH);
  } while (free && flows < most && unseen().length > 0 && surprises().length === 0);
  return { flows, unexpected: surprises(), unseen: free ? unseen() : [] };
}
