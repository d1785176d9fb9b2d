/** The rules of a Service on one node: its chains as a graph, each chain's rules verbatim, to copy. */

import { useMemo } from 'preact/hooks';
import type { ListedObjects } from '../api/types.js';
import { chainGraph } from '../pictures/chain-model.js';
import { useAnswer } from '../state/ask.js';
import { serviceName } from '../state/objects.js';
import { route, set } from '../state/route.js';
import type { Chosen } from '../state/service-question.js';
import { request } from '../state/session.js';
import { useShown } from '../state/shown.js';
import { useChosenService } from './choose-service.js';
import { Combobox } from './combobox.js';
import { lazy } from './lazy.js';
import { FailureBox, Verbatim, Waiting } from './parts.js';
import { Sentence } from './sentence.js';

const ChainsPicture = lazy(() => import('../pictures/chains.js'));

const MODES = { iptables: 'iptables', nftables: 'nftables', ipvs: 'IPVS' } as const;

function useChains(chosen: Chosen | undefined, objects: ListedObjects) {
  const node = route.value.parameters.node ?? objects.nodes[0]?.name;
  const body =
    chosen === undefined || node === undefined
      ? undefined
      : request({
          chains: {
            nodes: [node],
            families: [chosen.family],
            services: [serviceName(chosen.service)],
            format: 'RULES',
          },
        });
  return { node: node ?? '', body, ...useAnswer('chains', body) };
}

/** Most lines of one chain that are shown; the rest is in what Copy gives. */
const MOST_LINES = 400;

export function ChainsPanel({
  chosen,
  objects,
  large = false,
}: {
  chosen: Chosen;
  objects: ListedObjects;
  large?: boolean;
}) {
  const { node, answer, failure } = useChains(chosen, objects);
  const part = answer?.result.parts[0];
  const graph = useMemo(() => (part === undefined ? undefined : chainGraph(part)), [part]);
  const selectedId = route.value.parameters.chain ?? '';
  const selected =
    graph?.nodes.find(({ id }) => id === selectedId) ??
    graph?.nodes.find(({ kind, name }) => kind === 'server' || /^(KUBE-SVC|KUBE-SVL|service-)/.test(name)) ??
    graph?.nodes[0];
  const text = selected?.rules.slice(0, MOST_LINES).join('\n') ?? '';
  const cut = (selected?.rules.length ?? 0) - MOST_LINES;
  return (
    <section class={`chains-panel${large ? ' large' : ''}`} aria-labelledby="chains-title">
      <div class="section-head">
        <h2 id="chains-title">{part === undefined ? 'Rules' : `${MODES[part.mode]} rules`}</h2>
        <span>on</span>
        <Combobox
          label="Node whose rules are shown"
          value={node}
          choices={objects.nodes.map((one) => ({ value: one.name, detail: one.zone ?? '' }))}
          onPick={(name) => set({ node: name, chain: undefined }, true)}
        />
        {part === undefined ? null : <span class="detail">Kubernetes {part.version}</span>}
      </div>
      {failure === undefined ? null : <FailureBox failure={failure} />}
      {graph === undefined ? (
        failure === undefined ? (
          <Waiting what="Writing the rules" />
        ) : null
      ) : graph.nodes.length === 0 ? (
        <p class="detail">No chain of this node is about this Service.</p>
      ) : (
        <>
          <ChainsPicture
            graph={graph}
            large={large && innerWidth >= 860}
            selected={selected?.id ?? ''}
            label="Chains and where they lead"
            onSelect={({ id }) => set({ chain: id }, true)}
          />
          {selected === undefined ? null : (
            <div class="selected-chain">
              <h3>
                <code>{selected.name}</code>
              </h3>
              {selected.rules.length === 0 ? (
                <p class="detail">It has no rules of its own.</p>
              ) : (
                <Verbatim text={text} label={`Rules of ${selected.name}`} />
              )}
              {cut > 0 ? <p class="detail">{cut} more rules: take them with “As a request”.</p> : null}
            </div>
          )}
        </>
      )}
    </section>
  );
}

export function RulesView() {
  const { instead, chosen, objects } = useChosenService();
  const { body } = useChains(chosen, objects);
  useShown('chains', body);
  if (instead !== undefined || chosen === undefined) return instead ?? null;
  return (
    <>
      <Sentence chosen={chosen} objects={objects} />
      <ChainsPanel chosen={chosen} objects={objects} large />
    </>
  );
}
