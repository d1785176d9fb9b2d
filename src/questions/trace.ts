import type { IPFamily } from '../base/address.js';
import { remember } from '../base/remember.js';
import { saveRule } from '../netfilter/iptables/save.js';
import type { Header } from '../netfilter/packet.js';
import type { Origin, Rule } from '../netfilter/ruleset.js';
import { stepsOf } from '../netfilter/walk/steps.js';
import type { WalkStep } from '../netfilter/walk/types.js';
import type { Fabric } from '../path/fabric.js';
import type { Client } from '../path/journey.js';
import { zoneOf } from '../path/network.js';
import { type HostStep, hopsOf, type Journey, type Trail, type TrailHop } from '../path/trail.js';
import type { EndpointRef, PathHeader, PathHop, PathStep, PathTrace, ServiceRef } from './answer.js';
import { probability, stepChance } from './chances.js';

function header({ source, sourcePort, destination, destinationPort, mark }: Header): PathHeader {
  return {
    source,
    ...(sourcePort === undefined ? {} : { sourcePort }),
    destination,
    ...(destinationPort === undefined ? {} : { destinationPort }),
    mark: `0x${mark.toString(16)}`,
  };
}

/** A rule's origin as a Service reference. */
export function serviceRef(origin: Origin): ServiceRef {
  const slash = origin.service.indexOf('/');
  return {
    namespace: origin.service.slice(0, slash),
    name: origin.service.slice(slash + 1),
    ...(origin.portName ? { portName: origin.portName } : {}),
    ...(origin.port === undefined ? {} : { port: origin.port }),
    ...(origin.protocol === undefined ? {} : { protocol: origin.protocol }),
  };
}

// The same rules stand in most traces of an answer.
const texts = new WeakMap<Rule, string>();

/** A rule's text as `iptables-save` shows it on the node. */
export function ruleText(rule: Rule, family: IPFamily): string {
  return rule.text ?? remember(texts, rule, () => saveRule(rule, family));
}

function detailOf(step: WalkStep): string {
  switch (step.action) {
    case 'JUMP':
      return `jumps to ${step.target ?? ''}`;
    case 'GOTO':
      return `goes to ${step.target ?? ''}`;
    case 'RETURN':
      return 'returns to the calling chain';
    case 'MARK':
      return `sets the mark to 0x${(step.after?.mark ?? 0).toString(16)}`;
    case 'DNAT':
      return `rewrites the destination to ${endpointText(step.after, 'destination')}`;
    case 'SNAT':
    case 'MASQUERADE':
      return `rewrites the source to ${step.after?.source ?? ''}`;
    case 'ACCEPT':
      return 'accepts';
    case 'DROP':
      return 'drops the packet';
    case 'REJECT':
      return 'rejects the packet with an ICMP error';
    case 'POLICY':
      return `the chain's policy is ${step.target ?? ''}`;
    case 'PASS':
      return 'matches and lets the packet pass on';
    case 'PASSED_OVER':
      return `${step.passedOver ?? 0} random ${step.passedOver === 1 ? 'rule does' : 'rules do'} not hit`;
    case 'UNKNOWN':
      return 'is not understood';
  }
}

function endpointText(value: Header | undefined, side: 'destination'): string {
  if (value === undefined) return '';
  const port = value[`${side}Port`];
  return port === undefined
    ? value[side]
    : value[side].includes(':')
      ? `[${value[side]}]:${port}`
      : `${value[side]}:${port}`;
}

function ruleStep(step: WalkStep, family: IPFamily): PathStep {
  const { rule } = step;
  return {
    action: step.action,
    hook: step.hook,
    table: step.table,
    chain: step.chain,
    ...(rule === undefined ? {} : { rule: ruleText(rule, family) }),
    ...(step.position === undefined ? {} : { position: step.position }),
    detail: detailOf(step),
    ...(step.chance === undefined ? {} : { chance: stepChance(step.chance) }),
    ...(step.passedOver === undefined ? {} : { passedOver: step.passedOver }),
    ...(rule?.origin === undefined ? {} : { service: serviceRef(rule.origin) }),
    ...(rule?.origin?.endpoint === undefined ? {} : { endpoint: rule.origin.endpoint }),
    ...(step.before === undefined ? {} : { before: header(step.before) }),
    ...(step.after === undefined ? {} : { after: header(step.after) }),
  };
}

function hostPathStep(step: HostStep): PathStep {
  return {
    action: step.action,
    detail: step.detail,
    ...(step.before === undefined ? {} : { before: header(step.before) }),
    ...(step.after === undefined ? {} : { after: header(step.after) }),
  };
}

function pathHop(hop: TrailHop, family: IPFamily): PathHop {
  return {
    kind: hop.kind,
    name: hop.name,
    steps: hop.entries.flatMap((entry) =>
      entry.kind === 'HOST' ? [hostPathStep(entry.step)] : stepsOf(entry.steps).map((step) => ruleStep(step, family)),
    ),
  };
}

function pathHops(trail: Trail | undefined, family: IPFamily): readonly PathHop[] {
  return hopsOf(trail).map((hop) => pathHop(hop, family));
}

function clientSees(journey: Journey, client: Client): string {
  if (client.kind === 'POD' && journey.cause === 'MISSING_DATA' && journey.verdict === 'UNKNOWN') return 'not known';
  switch (journey.verdict) {
    case 'DELIVERED':
      return 'a connection';
    case 'REJECTED':
      return journey.cause === 'HOST_REFUSED' && journey.packet.protocol === 'TCP'
        ? 'connection refused (RST)'
        : 'connection refused (ICMP port unreachable)';
    case 'DROPPED':
      return 'a timeout';
    case 'UNREACHABLE':
      return journey.cause === 'NO_ROUTE' ? 'no route to host, or a timeout' : 'a timeout';
    case 'UNKNOWN':
      return 'not known';
  }
}

/** Who received a journey's packet, as answers name it. Undefined when nobody did. */
export function endpointOf(fabric: Fabric, journey: Journey): EndpointRef | undefined {
  const { receiver } = journey;
  if (receiver === undefined) return undefined;
  const zone = receiver.node === undefined ? '' : zoneOf(fabric.cluster.nodes.get(receiver.node));
  return {
    address: receiver.address,
    port: receiver.port ?? 0,
    ...(receiver.pod === undefined ? {} : { pod: receiver.pod }),
    ...(receiver.node === undefined ? {} : { node: receiver.node }),
    ...(zone === '' ? {} : { zone }),
  };
}

/** A journey as a trace of the answer, with every hop and step in words. */
export function traceOf(fabric: Fabric, journey: Journey, client: Client): PathTrace {
  const endpoint = endpointOf(fabric, journey);
  const reached = journey.receiver !== undefined;
  const sent =
    client.address ??
    hopsOf(journey.trail)[0]?.entries.flatMap((entry) => (entry.kind === 'HOST' ? [entry.step.after] : []))[0]?.source;
  return {
    probability: probability(journey.chance),
    verdict: journey.verdict,
    ...(journey.cause === undefined ? {} : { cause: journey.cause }),
    explanation: journey.detail,
    clientSees: clientSees(journey, client),
    client: client.name,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(reached ? { seenClient: journey.packet.source, clientAddressKept: journey.packet.source === sent } : {}),
    hops: pathHops(journey.trail, fabric.family),
    ...(journey.reply === undefined
      ? {}
      : {
          reply: {
            returns: journey.reply.returns,
            explanation: journey.reply.detail,
            hops: pathHops(journey.reply.trail, fabric.family),
          },
        }),
  };
}
