/** Asks about the Service `default/web` of a balanced cluster through its load balancer. */
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { ServiceProbability } from '../../src/contract/answers.js';
import type { Change, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type BalancedOptions, balancedList, WEB } from '../support/balanced.js';

export interface Through {
  /** Objects beside the cluster. */
  readonly objects?: readonly unknown[];
  readonly settings?: QuestionRequest['settings'];
  readonly changes?: readonly Change[];
  readonly phase?: 'BEFORE' | 'AFTER';
  readonly client?: { readonly address?: string; readonly zone?: string };
  readonly port?: number;
  /** Changes each object of the list, before it is read. */
  readonly edit?: (object: Record<string, unknown>) => void;
}

/** The answer about one port (default: the only one), with what tests look at. */
export function through(options: BalancedOptions, more: Through = {}) {
  const { objects = [], settings, changes, phase, client = {}, port, edit } = more;
  const list = balancedList(options);
  const items = JSON.parse(JSON.stringify([...list.items, ...objects])) as Record<string, unknown>[];
  // Endpoints listen for every port of the Service.
  const ports = options.spec?.ports as readonly { readonly name: string; readonly protocol: string }[] | undefined;
  for (const item of items) {
    if (item.kind !== 'EndpointSlice' || ports === undefined) continue;
    item.ports = ports.map(({ name, protocol }) => ({ name, protocol, port: 8080 }));
  }
  if (edit !== undefined) for (const item of items) edit(item);
  const answer = ask(
    'probability',
    {
      ...(settings === undefined ? {} : { settings }),
      ...(changes === undefined ? {} : { changes }),
      probability: {
        services: [{ ...WEB, ...(port === undefined ? {} : { port }) }],
        clients: { loadBalancer: client },
        ...(phase === undefined ? {} : { phase }),
      },
    },
    readSnapshot({ inline: { kind: 'List', apiVersion: 'v1', items } }),
  );
  const service = answer.result.services[0] as ServiceProbability;
  return {
    ...answer,
    service,
    balancer: service.loadBalancer,
    shares: service.endpoints.map(({ share }) => share.fraction),
    backends: (service.loadBalancer?.backends ?? []).map(({ share }) => share.fraction),
    verdicts: service.verdicts.map(
      ({ verdict, cause, share }) => `${share.fraction} ${verdict}${cause === undefined ? '' : `/${cause}`}`,
    ),
    /** The value of an assumption about the load balancer; undefined: there is none. */
    assumed: (field: string) => answer.assumptions.find((one) => one.field === `loadBalancer.${field}`)?.value,
  };
}
