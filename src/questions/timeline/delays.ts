/**
 * How long things take: what the request says, what the snapshot shows, else the defaults of Kubernetes, each with its
 * source.
 */

import { controlPlaneVersion } from '../../changes/control-plane-version.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Pod } from '../../cluster/objects.js';
import { atLeast, type Settings } from '../../cluster/settings.js';
import type { ServiceProbability, TimelinePhase } from '../../contract/answers.js';
import type { TimelineQuestion } from '../../contract/requests.js';

export type Delay = TimelinePhase['delays'][number];
type Times = NonNullable<TimelineQuestion['times']>;

interface Probe {
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly successThreshold?: number;
}

interface Timed {
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly lifecycle?: {
    readonly preStop?: {
      readonly sleep?: { readonly seconds?: number };
      readonly exec?: { readonly command?: readonly string[] };
      readonly httpGet?: unknown;
    };
  };
}

interface TimedSpec {
  readonly containers?: readonly Timed[];
  readonly terminationGracePeriodSeconds?: number;
  readonly tolerations?: readonly { readonly key?: string; readonly tolerationSeconds?: number }[];
}

/** A container that starts: image and process are not in the snapshot. */
const START = 10;
/** Source: pkg/apis/core/v1/defaults.go: period 10 s, success threshold 1, grace 30 s. */
const [PERIOD, GRACE] = [10, 30];
/** Source: the plugin DefaultTolerationSeconds of the API server. */
const EVICTED_AFTER = 300;

const specOf = (pod: Pod | undefined) => (pod?.spec ?? {}) as TimedSpec;

/** From a pod's creation until it is ready. */
export function readyDelays(pod: Pod | undefined, { ready }: Times): readonly Delay[] {
  if (ready !== undefined)
    return [{ what: 'until the pod is ready', seconds: ready, source: 'REQUEST', detail: 'times.ready' }];
  const start: Delay = {
    what: 'image and start of the containers',
    seconds: START,
    source: 'ASSUMED',
    detail: 'the snapshot does not tell; times.ready says it',
  };
  const probes = (specOf(pod).containers ?? []).flatMap(({ readinessProbe, startupProbe }) => {
    const own = [startupProbe, readinessProbe].filter((probe): probe is Probe => probe !== undefined);
    if (own.length === 0) return [];
    return [
      own.reduce(
        (sum, { initialDelaySeconds = 0, periodSeconds = PERIOD, successThreshold = 1 }) =>
          sum + initialDelaySeconds + periodSeconds * successThreshold,
        0,
      ),
    ];
  });
  if (probes.length === 0)
    return [
      start,
      { what: 'readiness', seconds: 0, source: 'SNAPSHOT', detail: 'no readiness probe: ready as soon as it runs' },
    ];
  return [
    start,
    {
      what: 'readiness probe',
      seconds: Math.max(...probes),
      source: 'SNAPSHOT',
      detail: 'initialDelaySeconds and up to periodSeconds for each success that is needed',
    },
  ];
}

/** From a change of readiness until every kube-proxy has written it. */
export function rulesDelay(cluster: Cluster, { proxyOf }: Settings, { rules }: Times): Delay {
  const what = 'EndpointSlice and kube-proxy';
  if (rules !== undefined) return { what, seconds: rules, source: 'REQUEST', detail: 'times.rules' };
  const modes = new Set(
    [...cluster.nodes.values()]
      .filter(({ status }) => status?.nodeInfo?.operatingSystem !== 'windows')
      .map(({ metadata }) => proxyOf(metadata.name).mode),
  );
  const onlyIpvs = modes.size === 1 && modes.has('ipvs');
  return onlyIpvs
    ? { what, seconds: 0, source: 'DEFAULT', detail: 'ipvs has no minSyncPeriod: rules are written at once' }
    : {
        what,
        seconds: 1,
        source: 'DEFAULT',
        detail: 'up to minSyncPeriod, 1 s; the EndpointSlice controller acts on each pod change at once',
      };
}

/** Until a node that is down is marked NotReady, and its pods with it. */
export function detectDelay(cluster: Cluster, settings: Settings, { detect }: Times): Delay {
  const what = 'node is marked NotReady';
  if (detect !== undefined) return { what, seconds: detect, source: 'REQUEST', detail: 'times.detect' };
  return atLeast(controlPlaneVersion(cluster, settings), 32)
    ? { what, seconds: 50, source: 'DEFAULT', detail: 'node-monitor-grace-period, 50 s' }
    : { what, seconds: 40, source: 'DEFAULT', detail: 'node-monitor-grace-period, 40 s before Kubernetes 1.32' };
}

/** From then until pods of the node are replaced. */
export function evictDelay(pod: Pod | undefined, { evict }: Times): Delay {
  const what = 'pods are evicted';
  if (evict !== undefined) return { what, seconds: evict, source: 'REQUEST', detail: 'times.evict' };
  const own = (specOf(pod).tolerations ?? []).find(
    ({ key, tolerationSeconds }) => key === 'node.kubernetes.io/unreachable' && tolerationSeconds !== undefined,
  );
  return own?.tolerationSeconds === undefined
    ? { what, seconds: EVICTED_AFTER, source: 'DEFAULT', detail: 'toleration of node.kubernetes.io/unreachable, 300 s' }
    : {
        what,
        seconds: own.tolerationSeconds,
        source: 'SNAPSHOT',
        detail: 'tolerationSeconds of node.kubernetes.io/unreachable',
      };
}

/** Until the health checks of a load balancer have found a change; undefined where no load balancer is on the way. */
export function balancerDelay(services: readonly ServiceProbability[], { balancer }: Times): Delay | undefined {
  const own = services.flatMap(({ loadBalancer }) => (loadBalancer === undefined ? [] : [loadBalancer]));
  const [first] = own;
  if (first === undefined) return undefined;
  const what = "load balancer's health checks";
  if (balancer !== undefined) return { what, seconds: balancer, source: 'REQUEST', detail: 'times.balancer' };
  const { intervalSeconds, unhealthyAfter, healthyAfter } = first.healthCheck;
  const detail =
    `${first.implementation}: every ${intervalSeconds} s, unhealthy after ${unhealthyAfter}, healthy after ` +
    `${healthyAfter}`;
  return {
    what,
    seconds: Math.max(...own.map(({ secondsToConverge }) => secondsToConverge)),
    source: 'DEFAULT',
    detail,
  };
}

/** How long a pod still takes connections after its deletion begins: its preStop hook. */
export function preStopDelay(pod: Pod | undefined, { preStop }: Times): Delay {
  const what = 'preStop';
  if (preStop !== undefined) return { what, seconds: preStop, source: 'REQUEST', detail: 'times.preStop' };
  const hooks = (specOf(pod).containers ?? []).flatMap(({ lifecycle }) =>
    lifecycle?.preStop === undefined ? [] : [lifecycle.preStop],
  );
  const [hook] = hooks;
  if (hook === undefined)
    return {
      what,
      seconds: 0,
      source: 'SNAPSHOT',
      detail:
        'no preStop hook: the process gets the signal to stop at once, and is assumed to accept no more connections',
    };
  if (hook.sleep?.seconds !== undefined)
    return { what, seconds: hook.sleep.seconds, source: 'SNAPSHOT', detail: 'its sleep' };
  const [, slept] = /\bsleep\s+"?(\d+)/.exec((hook.exec?.command ?? []).join(' ')) ?? [];
  return slept === undefined
    ? {
        what,
        seconds: 0,
        source: 'ASSUMED',
        detail: 'how long its hook takes is not in the snapshot; times.preStop says it',
      }
    : { what, seconds: Number(slept), source: 'SNAPSHOT', detail: 'the sleep of its command' };
}

/** From a pod's deletion until it is killed. */
export function graceDelay(pod: Pod | undefined, { grace }: Times): Delay {
  const what = 'terminationGracePeriodSeconds';
  if (grace !== undefined) return { what, seconds: grace, source: 'REQUEST', detail: 'times.grace' };
  const own = specOf(pod).terminationGracePeriodSeconds;
  return own === undefined
    ? { what, seconds: GRACE, source: 'DEFAULT', detail: '30 s' }
    : { what, seconds: own, source: 'SNAPSHOT', detail: "of the pod's spec" };
}
