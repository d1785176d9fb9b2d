/**
 * Clients of hosts that are told as one: whether endpoints see their address is what each host's own path says, on
 * average.
 */
import t from 'tap';
import { add, divide, formatFraction, fraction, parseFraction, ZERO } from '../../src/base/fraction.js';
import type { Change, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { PLATFORMS, writtenSnapshot } from '../support/written-clusters.js';

const FRONTEND = { namespace: 'shop', name: 'frontend' };

for (const platform of PLATFORMS.filter((one) => one !== 'openshift')) {
  for (const [endpoints, replicas] of [
    [3, 2],
    [4, 7],
    [6, 3],
    [60, 50],
  ] as const) {
    t.test(`${platform}, ${endpoints} endpoints, then ${replicas}`, async (t) => {
      const snapshot = writtenSnapshot(platform, endpoints, 1);
      const nodes = [...snapshot.cluster.nodes.keys()];
      const changes: readonly Change[] = [{ scale: { kind: 'Deployment', ...FRONTEND, replicas } }];
      /** The part of the connections of all hosts in which the endpoint sees the host's own address. */
      const kept = (rest: QuestionRequest) => {
        const shares = nodes.map((node) => {
          const path = { source: { node }, destination: { service: { ...FRONTEND, port: 80 } } };
          const { traces } = ask('path', { ...rest, path }, snapshot).result;
          return traces
            .filter(({ clientAddressKept }) => clientAddressKept === true)
            .reduce((sum, { probability }) => add(sum, parseFraction(probability.fraction) ?? ZERO), ZERO);
        });
        return formatFraction(divide(shares.reduce(add, ZERO), fraction(nodes.length, 1)));
      };
      const { services } = ask('check', { changes } as QuestionRequest, snapshot).result;
      const doors = services.find(({ service }) => service === 'shop/frontend')?.doors ?? [];
      const door = doors.find(({ clients, via }) => clients === 'HOSTS' && via === 'CLUSTER_IP');
      t.same(door?.sourceAddressKept, { before: kept({}), after: kept({ changes }) });
    });
  }
}
