/** Loads by clients: each of a rate of its own, all of whose connections one pod gets. */
import { binomialLaw, percentilesOf } from '../../capacity/numbers.js';
import { byClients } from '../../capacity/spread.js';
import { capacityOf, groupsOf } from './capacity.js';
import { MAX_GROUPS } from './marginal.js';
import { type Fields, modelled } from './models.js';
import type { Offered } from './offered.js';
import type { LoadInput } from './rates.js';

/** Clients of which some share one address: they are one client with the rate of all of them. */
export function behindOneAddress(input: LoadInput, offered: Offered): Fields | undefined {
  const { clients, behindOneAddress: together, connections, requestsPerSecond, at } = offered;
  if (clients === undefined || together === undefined || input.law.kind !== 'CLIENTS') return undefined;
  const all = connections ?? (requestsPerSecond === undefined ? undefined : requestsPerSecond * input.delivered);
  if (all === undefined || all === 0) return undefined;
  const ofConnections = connections !== undefined;
  // Rates on a lattice: the model works with whole steps of a common divisor.
  const rate = Math.round((all / clients) * 1e6) / 1e6;
  if (rate === 0) return undefined;
  const groups = groupsOf(input.pods, ({ cpuMilli }) => {
    const limits = capacityOf(offered, cpuMilli);
    return ofConnections ? limits.connections : limits.rate;
  });
  const single = clients - together;
  const given = {
    clients: [
      ...(single === 0 ? [] : [{ count: single, rate }]),
      { count: 1, rate: Math.round(rate * together * 1e6) / 1e6 },
    ],
    pods: groups,
  };
  return { law: 'CLIENTS', ...modelled('affinity', given, `${at}/clientsBehindOneAddress`) };
}

export function affinityOnly(input: LoadInput, offered: Offered): Fields {
  // Clients of equal rates, and no connections: a pod's load is the rate of its clients.
  const { clients, requestsPerSecond } = offered;
  if (clients === undefined || requestsPerSecond === undefined || requestsPerSecond === 0) return {};
  if (input.law.kind !== 'CLIENTS') return {};
  const groups = groupsOf(input.pods, ({ cpuMilli }) => capacityOf(offered, cpuMilli).rate);
  const rate = requestsPerSecond * input.delivered;
  const each = rate / clients;
  const perPod = groups.slice(0, MAX_GROUPS).map(({ count, share }) => {
    const { p5, p50, p95, p99 } = percentilesOf(binomialLaw(clients, share));
    return {
      pods: count,
      share,
      mean: share * rate,
      variance: share * (1 - share) * clients * each * each,
      p5: p5 * each,
      p50: p50 * each,
      p95: p95 * each,
      p99: p99 * each,
      idle: (1 - share) ** clients,
    };
  });
  return { law: 'CLIENTS', groups: perPod, ...byClients(clients, each, groups) };
}
