/**
 * Names of the implementations of load balancers, as `settings.loadBalancer` and the `loadBalancer` change spell them.
 */
import {
  ENUMS,
  type LoadBalancerName,
  type LoadBalancerOptions,
  type LoadBalancerSettings,
} from '../contract/gen/types.js';

export type { LoadBalancerName, LoadBalancerOptions, LoadBalancerSettings };

export const LOAD_BALANCERS: readonly LoadBalancerName[] = ENUMS.LoadBalancerName;

export type LoadBalancerOption = keyof LoadBalancerOptions;

/** An implementation and its options. Without a name: the one that the snapshot shows, with these options. */
export interface LoadBalancerChoice {
  readonly implementation?: LoadBalancerName;
  readonly options?: LoadBalancerOptions;
}

/** One choice laid over another. Options belong to an implementation: another one does not inherit them. */
function mergedChoice(under: LoadBalancerChoice, over: LoadBalancerChoice): LoadBalancerChoice {
  const replaced =
    over.implementation !== undefined &&
    under.implementation !== undefined &&
    over.implementation !== under.implementation;
  const options = replaced ? over.options : { ...under.options, ...over.options };
  const implementation = over.implementation ?? under.implementation;
  return {
    ...(implementation === undefined ? {} : { implementation }),
    ...(options === undefined || Object.keys(options).length === 0 ? {} : { options }),
  };
}

/** Settings laid over others, Service by Service and field by field. */
export function mergedLoadBalancers(under: LoadBalancerSettings, over: LoadBalancerSettings): LoadBalancerSettings {
  const keys = new Set([...Object.keys(under.services ?? {}), ...Object.keys(over.services ?? {})]);
  const services = Object.fromEntries(
    [...keys].map((key) => [key, mergedChoice(under.services?.[key] ?? {}, over.services?.[key] ?? {})]),
  );
  return { ...mergedChoice(under, over), ...(keys.size === 0 ? {} : { services }) };
}

/** What is said of one Service (`namespace/name`). */
export function loadBalancerChoice(settings: LoadBalancerSettings, service: string): LoadBalancerChoice {
  return mergedChoice(settings, settings.services?.[service] ?? {});
}
