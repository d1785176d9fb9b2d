import { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import type { LoadBalancerChoice, LoadBalancerOption } from '../cluster/load-balancer-settings.js';
import { requireService } from '../cluster/lookup.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import type { Settings } from '../cluster/settings.js';
import type { LoadBalancerChange } from '../contract/requests.js';
import { isBalanced } from '../load-balancers/balancer-addresses.js';
import { type Chosen, chooseImplementation } from '../load-balancers/choose.js';
import { implementationNamed } from '../load-balancers/index.js';
import type { ChangeKind, Choice, Consequence } from './change.js';
import { describeFields } from './describe-fields.js';
import { differences } from './differences.js';
import { publishedService } from './load-balancer-status.js';
import { impossible } from './refused-change.js';

const SETTINGS = '/settings/loadBalancer';

function balancedServices(cluster: Cluster, only: Service | undefined): readonly Service[] {
  if (only !== undefined) return [only];
  return [...cluster.services.values()].filter(({ spec }) => spec?.type === 'LoadBalancer');
}

/** Errors of settings as errors of the change that has them. */
function asOfChange<T>(pointer: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    const problems = error.problems.map((one) => ({
      ...one,
      pointer: one.pointer.startsWith(SETTINGS)
        ? one.pointer.replace(/^\/settings\/loadBalancer(\/services\/[^/]+)?/, () => pointer)
        : one.pointer,
    }));
    throw new QuestionError(error.code, error.message, problems);
  }
}

/** Options that no load balancer of the Services reads do nothing: whoever gives them means something else. */
function checkOptions(change: LoadBalancerChange, chosen: readonly Chosen[], pointer: string): void {
  const names = Object.keys(change.options ?? {}) as LoadBalancerOption[];
  const kinds =
    change.implementation === undefined
      ? chosen.map(({ implementation }) => implementation)
      : [implementationNamed(change.implementation)];
  const unread = names.find((name) => !kinds.some(({ options }) => options.includes(name)));
  if (unread === undefined) return;
  const known = [...new Set(kinds.map(({ name, options }) => `${name}: ${options.join(', ') || 'none'}`))];
  throw impossible(
    `${pointer}/options/${unread}`,
    `No load balancer here reads the option ${unread} ` +
      `(${known.join('; ') || 'there is no Service of type LoadBalancer'}).`,
  );
}

const used = ({ implementation, options }: Chosen) => ({ implementation: implementation.name, options });

/**
 * `loadBalancer`: a Service, or every one of type LoadBalancer, is balanced by another implementation or with other
 * options. A Service without an address gets one; addresses are kept, as is all else.
 */
export const loadBalancer: ChangeKind<'loadBalancer'> = {
  key: 'loadBalancer',
  schema: 'LoadBalancerChange',
  summary: 'Services are balanced by another implementation or with other options',
  example: { implementation: 'metallb-bgp' },
  describe({ namespace, name, implementation, options }) {
    const whose = name === undefined ? 'load balancers' : `load balancer of ${namespace}/${name}`;
    const what = [implementation ?? '', describeFields({ ...options })].filter((text) => text !== '');
    return `${whose}: ${what.join(', ')}`;
  },
  apply(cluster, change, context, pointer) {
    const { namespace, name, implementation, options } = change;
    if (implementation === undefined && options === undefined) {
      throw impossible(pointer, 'Say which implementation, or which options of it.');
    }
    if ((namespace === undefined) !== (name === undefined)) {
      throw impossible(pointer, 'A Service has a namespace and a name: give both, or neither for all Services.');
    }
    const only =
      namespace === undefined || name === undefined
        ? undefined
        : requireService(cluster, namespace, name, `${pointer}/name`);
    if (only !== undefined && !isBalanced(only, cluster)) {
      const type = only.spec?.type ?? 'ClusterIP';
      throw impossible(
        `${pointer}/name`,
        `Service ${namespacedName(only)} is of type ${type}: no load balancer has it. Change its type first.`,
      );
    }
    const choice: LoadBalancerChoice = {
      ...(implementation === undefined ? {} : { implementation }),
      ...(options === undefined ? {} : { options }),
    };
    const more = only === undefined ? choice : { services: { [namespacedName(only)]: choice } };
    const settings: Settings = asOfChange(pointer, () => context.settings.overriddenBy({ loadBalancer: more }));
    const services = balancedServices(cluster, only);
    const choices: Choice[] = [];
    const consequences: Consequence[] = [];
    const edit = new Map<string, Service>();
    const after = asOfChange(pointer, () =>
      services.map((service) => chooseImplementation(cluster, settings, service)),
    );
    checkOptions(change, after, pointer);
    for (const [index, service] of services.entries()) {
      const key = namespacedName(service);
      const before = chooseImplementation(cluster, context.settings, service);
      const now = after[index] as Chosen;
      for (const detail of differences(used(before), used(now))) {
        consequences.push({ kind: 'SETTINGS_CHANGED', object: `load balancer of ${key}`, detail });
      }
      // An Ingress or Gateway has the address, not the Service behind it.
      if (service.spec?.type !== 'LoadBalancer') continue;
      const pending = (service.status?.loadBalancer?.ingress ?? []).length === 0;
      if (!pending && before.implementation === now.implementation) continue;
      const published = publishedService(cluster, settings, service);
      choices.push(...published.choices);
      const details = differences(service.status, published.service.status);
      if (details.length === 0) continue;
      edit.set(key, published.service);
      for (const detail of details) {
        consequences.push({ kind: 'SERVICE_CHANGED', object: key, detail: `status.${detail}` });
      }
    }
    return {
      cluster: edit.size === 0 ? cluster : cluster.with({ services: edit }),
      settings,
      choices,
      consequences,
      assumptions: [],
    };
  },
};
