/** What is known of a mark of the flow that was chosen, and where one can go from there. */
import type { ServiceProbability } from '../api/types.js';
import { endpointKey, type FlowNode, type SourceGroup } from '../pictures/flow-model.js';
import { format, isZero, multiply, parse, percent } from '../state/fraction.js';
import { addressOf, go, type Parameters } from '../state/route.js';
import type { Chosen } from '../state/service-question.js';
import { addChange } from '../state/session.js';

/** A sender for the path view who is one of a group's clients. */
function senderOf({ from }: Chosen, node: string): string {
  if (from === 'outside') return `outside at ${node}`;
  return from === 'hosts' ? `node ${node}` : `some pod on ${node}`;
}

function pathOf(chosen: Chosen, source: string | undefined): string {
  const { service, port, via, family } = chosen;
  const parameters: Parameters = {
    service: `${service.namespace}/${service.name}`,
    port: String(port),
    via,
    family,
    ...(source === undefined ? {} : { source }),
  };
  return addressOf('path', parameters);
}

type Endpoint = ServiceProbability['endpoints'][number];

/** Makes the change and shows both sides of it. */
function tryNotReady(pod: string, chosen: Chosen): void {
  const [namespace = '', name = ''] = pod.split('/');
  addChange({ pods: { namespace, names: [name], state: 'NOT_READY' } });
  const { service, via } = chosen;
  go(addressOf('what-if', { service: `${service.namespace}/${service.name}`, via, from: chosen.from }));
}

function OfEndpoint({ endpoint, chosen }: { endpoint: Endpoint; chosen: Chosen }) {
  const { pod, node, zone, share } = endpoint;
  return (
    <>
      <dl>
        <dt>Address</dt>
        <dd>
          <code>{endpointKey(endpoint)}</code>
        </dd>
        {node === undefined ? null : (
          <>
            <dt>Node</dt>
            <dd>{zone === undefined ? node : `${node}, ${zone}`}</dd>
          </>
        )}
        <dt>Programmed</dt>
        <dd title="What the kernel makes of the printed decimals">{share.programmed}</dd>
      </dl>
      {pod === undefined ? null : (
        <button type="button" class="small" onClick={() => tryNotReady(pod, chosen)}>
          What if it is not ready?
        </button>
      )}
    </>
  );
}

/** The clients whose connections end so, with the share of all that each of them has in it. */
function losers(node: FlowNode, groups: readonly SourceGroup[]) {
  return groups.flatMap(({ name, kind, weight, shares }) => {
    const found = shares.verdicts.find(
      ({ verdict, cause = '' }) => verdict === node.verdict && (node.detail === '' || cause === node.detail),
    );
    const share = found === undefined ? undefined : multiply(weight, parse(found.share.fraction));
    return share === undefined || isZero(share) ? [] : [{ name, kind, share }];
  });
}

function OfLoss({ node, groups, chosen }: { node: FlowNode; groups: readonly SourceGroup[]; chosen: Chosen }) {
  const from = losers(node, groups);
  const first = from.find(({ kind }) => kind === 'node');
  return (
    <>
      {from.length === 0 ? null : (
        <ul class="plain">
          {from.map(({ name, share }) => (
            <li key={name}>
              from {name}: <b>{format(share)}</b> of all
            </li>
          ))}
        </ul>
      )}
      <a href={pathOf(chosen, first === undefined ? undefined : senderOf(chosen, first.name))}>
        The way of such a connection
      </a>
    </>
  );
}

interface Props {
  readonly node: FlowNode;
  readonly shares: ServiceProbability;
  readonly groups: readonly SourceGroup[];
  readonly chosen: Chosen;
  onClose(): void;
}

export function Selection({ node, shares, groups, chosen, onClose }: Props) {
  const endpoint = shares.endpoints.find((one) => node.id === `to ${endpointKey(one)}`);
  const group = groups.find(({ name }) => node.id === `from ${name}`);
  const title = node.kind === 'lost' && node.detail !== '' ? `${node.label}: ${node.detail}` : node.label;
  return (
    <section class="selection" aria-live="polite" aria-label={`Selected: ${title}`}>
      <button type="button" class="small close" aria-label="Close" onClick={onClose}>
        ×
      </button>
      <h3>{endpoint?.pod ?? title}</h3>
      <p>
        <b>{format(node.share)}</b> of new connections, {percent(node.share)}
      </p>
      {endpoint === undefined ? null : <OfEndpoint endpoint={endpoint} chosen={chosen} />}
      {node.kind === 'lost' ? <OfLoss node={node} groups={groups} chosen={chosen} /> : null}
      {group?.kind === 'node' ? <a href={pathOf(chosen, senderOf(chosen, group.name))}>A path from here</a> : null}
    </section>
  );
}
