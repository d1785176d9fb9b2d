/**
 * One source and destination in a plant whose nodes have a cluster's rules: everything that is compared with the walk.
 */
import { joinHostPort } from '../../src/base/address.js';
import type { PathResult, PathTrace } from '../../src/contract/answers.js';
import type { PathQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type Deployment, deploy } from './deploy.js';
import { type Expectation, expectation, type Outcome } from './expectation.js';
import { observe } from './observe.js';
import { nodeName, numbers } from './plant/layout.js';
import type { Plant } from './plant/plant.js';
import { type Flavour, restoreCommand } from './sandbox/missing.js';
import { difference, rulesIn } from './trace/compare.js';
import type { Tracer } from './trace/tracer.js';

/** A disagreement in words; undefined where all agree. */
export type Disagreement = string | undefined;

/** What a node shows of its rules. */
interface Saved {
  readonly iptablesSave: string;
  /** Where kube-proxy is in nftables mode. */
  readonly nft?: string;
}

/** By family and node. */
export type Saves = Readonly<Record<string, Readonly<Record<string, Saved>>>>;

/** Whether kube-proxy is in nftables mode in a deployment. */
export function isNftables({ settings }: Deployment): boolean {
  return settings?.kubeProxy?.mode === 'nftables';
}

/** Loads a cluster and reads back what its nodes then have. */
export async function deployed(plant: Plant, flavour: Flavour, deployment: Deployment): Promise<Saves> {
  await deploy(plant, flavour, deployment);
  const saves: Record<string, Record<string, Saved>> = {};
  const nodes = numbers(deployment.snapshot.cluster.nodes.size).map(nodeName);
  for (const family of deployment.families ?? ['IPv4']) {
    const command = restoreCommand(flavour, family).replace('restore', 'save');
    const texts = await Promise.all(
      nodes.map(async (node) => {
        const agent = plant.agent(node);
        const iptablesSave = await agent.must([command]);
        if (!isNftables(deployment)) return [node, { iptablesSave }] as const;
        const table = ['table', family === 'IPv4' ? 'ip' : 'ip6', 'kube-proxy'];
        return [node, { iptablesSave, nft: await agent.must(['nft', '--stateless', 'list', ...table]) }] as const;
      }),
    );
    saves[family] = Object.fromEntries(texts);
  }
  return saves;
}

/** What of a trace does not depend on where its rules come from. */
function essence({ hops, reply, verdict, cause, endpoint, seenClient, probability }: PathTrace, steps: boolean) {
  const way = (some: PathTrace['hops']) =>
    some.map(({ kind, name, steps }) => [
      kind,
      name,
      steps.map(({ action, hook, table, chain, rule, chance, passedOver, before, after }) => ({
        ...{ action, hook, table, chain, rule, chance, passedOver, before, after },
      })),
    ]);
  return JSON.stringify({
    verdict,
    cause,
    endpoint: endpoint && joinHostPort(endpoint.address, endpoint.port),
    seenClient,
    probability,
    ...(steps ? { hops: way(hops), reply: reply && way(reply.hops) } : {}),
  });
}

/** Whether a packet is for a Service that a label leaves to another proxy than kube-proxy. */
const isOtherProxys = ({ verdict, explanation }: PathTrace) =>
  verdict === 'UNKNOWN' && explanation.includes('service.kubernetes.io/service-proxy-name');

/** Where the answers from rendered rules and from the nodes' own differ; `steps`: compared too. */
export function unlikeSaved(rendered: PathResult, parsed: PathResult, steps: boolean): Disagreement {
  // The rules that a node really has tell what becomes of it, those that kube-proxy writes do not.
  if (rendered.traces.length > 0 && rendered.traces.every(isOtherProxys)) return undefined;
  const ours = rendered.traces.map((trace) => essence(trace, steps)).sort();
  const theirs = parsed.traces.map((trace) => essence(trace, steps)).sort();
  const at = ours.findIndex((text, index) => text !== theirs[index]);
  if (at < 0 && ours.length === theirs.length) return undefined;
  return `the rendered rules give ${ours[at] ?? 'no more'}; what iptables-save shows gives ${theirs[at] ?? 'no more'}`;
}

/** The same question with the rules that nodes really have. */
export function savedDisagreement(
  deployment: Deployment,
  path: PathQuestion,
  result: PathResult,
  saves: Saves,
): Disagreement {
  const { settings, snapshot } = deployment;
  const nodeRules = saves[result.question.family] ?? {};
  const { result: parsed } = ask('path', { path: { ...path, nodeRules }, ...(settings ? { settings } : {}) }, snapshot);
  // What a CNI masquerades is a setting to the one and rules to the other.
  return unlikeSaved(result, parsed, (settings?.network?.podMasquerade ?? []).length === 0);
}

/** Connections against the walk's outcomes. */
export async function flowDisagreement(
  plant: Plant,
  expected: Expectation,
): Promise<{ readonly flows: number; readonly disagreement: Disagreement }> {
  const { flows, unexpected, unseen } = await observe(plant, expected);
  if (unexpected.length === 0 && unseen.length === 0) return { flows, disagreement: undefined };
  const reported = (outcomes: readonly Outcome[]) => outcomes.map((outcome) => outcome.reported).join(', ');
  const never = unseen.length > 0 ? ` and in ${flows} connections never ${reported(unseen)}` : '';
  const disagreement = `the walk says ${reported(expected.outcomes)}; the kernel shows ${unexpected.join(', ') || 'nothing else'}${never}`;
  return { flows, disagreement };
}

const SERVER_PORTS = [8080, 8081];
/** Enough for the first packets; a refusal may take a second more (see observe.ts). */
const TIMEOUT_OF_A_FLOW = 400;

/**
 * The kernel's own trace of one connection against the walk's steps, `only` those of one table. `rules`: how many the
 * kernel reported.
 */
export async function traceDisagreement(
  plant: Plant,
  deployment: Deployment,
  path: PathQuestion,
  expected: Expectation,
  tracer: Tracer,
  only?: string,
): Promise<{ readonly rules: number; readonly disagreement: Disagreement }> {
  for (let tries = 0; tries < 4; tries++) {
    // The walk is of a client whom nobody remembers; where that cannot be had, the returning one is compared, too.
    if (expected.sticky) await plant.forgetClients();
    let observed = '';
    const kernel = await tracer.follow(async () => {
      const flow = { ...expected.flow, timeout: TIMEOUT_OF_A_FLOW };
      [observed = ''] = await plant.agent(expected.host).connect([flow]);
    }, [...SERVER_PORTS, expected.flow.port]);
    if (kernel.repeated) continue;
    const rules = rulesIn(kernel);
    const seen = expected.outcomes.flatMap(({ observable, trace }) =>
      observable.includes(observed) || (observed === 'TIMEOUT' && observable.includes('REFUSED')) ? [trace] : [],
    );
    const differences = [...seen, ...(expected.sticky ? returning(plant, deployment, path, seen) : [])].map((trace) =>
      difference(trace, kernel, only),
    );
    if (differences.includes(undefined)) return { rules, disagreement: undefined };
    const disagreement = differences[0] ?? `the kernel shows ${observed}, which the walk does not tell of`;
    return { rules, disagreement };
  }
  return { rules: 0, disagreement: undefined };
}

/** The same connections by a client whom session affinity remembers from earlier ones. */
function returning(
  plant: Plant,
  { settings, snapshot }: Deployment,
  path: PathQuestion,
  traces: readonly PathTrace[],
): readonly PathTrace[] {
  return traces.flatMap(({ endpoint }) => {
    if (endpoint === undefined) return [];
    const returningTo = joinHostPort(endpoint.address, endpoint.port);
    const deployment = { snapshot, ...(settings ? { settings } : {}) };
    return expectation(plant.options, deployment, { ...path, returningTo })?.result.traces ?? [];
  });
}
