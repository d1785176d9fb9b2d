/**
 * What is wrong with the cluster, and each Service in few numbers. A cluster of many Services is asked about in
 * portions, so that the first are there at once; the page says how many are.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answer, Finding, InspectedService } from '../api/types.js';
import { askKept, attempt, type Failure, failureOf } from './ask.js';
import { digest, request, shownChanges } from './session.js';

/** As many Services as are asked about in one request. */
const PORTION = 100;
/** Up to here all Services are asked about without a request to. */
export const WITHOUT_ASKING = 500;

export interface Inspected {
  readonly shares: ReadonlyMap<string, InspectedService>;
  readonly findings: readonly Finding[];
  readonly summary: string;
  readonly asking: boolean;
  readonly failure: Failure | undefined;
  /** What all of this is about: another text, another inspection. */
  readonly about: string;
  /** Asks about these Services, in this order. */
  more(services: readonly string[]): void;
  /** Asks about no more than those that are asked about now. */
  stop(): void;
}

/** The request of a whole inspection: of many Services, of the first of them. */
export function inspectionOf(services: number) {
  const maxServices = services > WITHOUT_ASKING ? PORTION : WITHOUT_ASKING;
  return { inspect: { failOn: 'NEVER', lists: ['SERVICES'], maxServices } } as const;
}

const NOTHING = { shares: new Map<string, InspectedService>(), findings: [] as readonly Finding[], summary: '' };

/** The inspection of these Services, `namespace/name`; undefined while they are not known. */
export function useInspected(services: readonly string[] | undefined): Inspected {
  const made = shownChanges.value;
  const key = `${attempt.value} ${digest.value} ${JSON.stringify(request({}, made))} ${services?.length ?? -1}`;
  const current = useRef(key);
  const queue = useRef<string[]>([]);
  const running = useRef('');
  const asked = useRef(new Set<string>());
  const [state, setState] = useState(NOTHING);
  const [asking, setAsking] = useState(false);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);

  const ask = async (of: string, question: object) => {
    const text = await askKept(
      'inspect',
      request({ inspect: { failOn: 'NEVER', lists: ['SERVICES'], ...question } }, made),
    );
    if (current.current !== of) return;
    const { result, findings, summary } = JSON.parse(text) as Answer<'inspect'>;
    setState((before) => ({
      shares: new Map([...before.shares, ...(result.services ?? []).map((one) => [one.service, one] as const)]),
      // That a portion is not the whole is what the page says itself.
      findings: [...before.findings, ...findings.filter(({ code }) => code !== 'CHECK_INCOMPLETE')],
      summary: before.summary || summary,
    }));
  };
  const run = async (of: string) => {
    if (running.current === of) return;
    running.current = of;
    setAsking(true);
    try {
      while (queue.current.length > 0 && current.current === of) {
        const portion = queue.current.splice(0, PORTION);
        for (const name of portion) asked.current.add(name);
        await ask(of, { services: portion });
      }
    } catch (error) {
      if (current.current === of) setFailure(failureOf(error));
    } finally {
      if (running.current === of) running.current = '';
      if (current.current === of) setAsking(false);
    }
  };
  useEffect(() => {
    current.current = key;
    queue.current = [];
    asked.current = new Set();
    setState(NOTHING);
    setFailure(undefined);
    if (services === undefined) return;
    if (services.length > WITHOUT_ASKING) {
      queue.current = services.slice(0, PORTION);
      // What is found of the cluster as a whole, beside what is found of its Services portion by portion.
      ask(key, { maxServices: 0 }).catch(() => undefined);
      void run(key);
      return;
    }
    setAsking(true);
    ask(key, { maxServices: WITHOUT_ASKING })
      .catch((error: unknown) => {
        if (current.current === key) setFailure(failureOf(error));
      })
      .finally(() => {
        if (current.current === key) setAsking(false);
      });
    // The key stands for everything that is asked about.
  }, [key]);
  const more = (wanted: readonly string[]) => {
    queue.current = wanted.filter((name) => !asked.current.has(name));
    void run(key);
  };
  const stop = () => {
    queue.current = [];
  };
  return { ...state, asking, failure, about: key, more, stop };
}
