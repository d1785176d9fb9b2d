/** Headless Services: nothing maps a port to a target port. */
import t from 'tap';
import type { PathResult } from '../../src/contract/answers.js';
import { ask } from '../../src/questions/ask.js';
import { small } from '../support/small-cluster.js';

const HEADLESS = { type: 'ClusterIP', clusterIP: 'None', clusterIPs: ['None'] };
const named = [{ name: 'http', port: 80, targetPort: 8080 }];
const WEB = { namespace: 'default', name: 'web' };

/** The ports that packets to a destination are sent to. */
function ports(service: Readonly<Record<string, unknown>>, destination: object): readonly (number | undefined)[] {
  const path = { source: { pod: 'default/client' }, destination } as never;
  const { result } = ask('path', { path }, small({ mode: 'iptables', service })) as { readonly result: PathResult };
  return [...new Set(result.traces.map(({ hops }) => hops[0]?.steps.at(-1)?.after?.destinationPort))];
}

t.test('the port that is asked for is the port that is reached', async (t) => {
  const host = 'web.default.svc.cluster.local';
  for (const [name, ports_, destination, expected] of [
    ['a Service and its port', undefined, { service: { ...WEB, port: 80 } }, [80]],
    ['a host name and its port', undefined, { host, port: 80 }, [80]],
    ['a host name and the target port', undefined, { host, port: 8080 }, [8080]],
    ['a host name and another port', undefined, { host, port: 9999 }, [9999]],
    ['the only port, without its number', undefined, { service: WEB }, [8080]],
    ['a port by name, as SRV answers it', named, { service: { ...WEB, portName: 'http' } }, [8080]],
  ] as const) {
    t.same(ports({ ...HEADLESS, ...(ports_ === undefined ? {} : { ports: ports_ }) }, destination), expected, name);
  }
  t.same(ports({}, { host, port: 80 }), [80], 'a Service with a cluster IP');
});

t.test('shares and checks ask for the endpoints’ own port', async (t) => {
  const snapshot = small({ mode: 'iptables', service: HEADLESS });
  const shares = ask('probability', { probability: {} }, snapshot).result.services[0];
  t.same(
    shares?.endpoints.map(({ port }) => port),
    [8080, 8080],
  );
  const changes = [{ scale: { kind: 'Deployment' as const, ...WEB, replicas: 1 } }];
  const checked = ask('check', { check: {}, changes }, snapshot).result.services[0]?.doors[0];
  t.same(
    checked?.endpoints.map(({ port }) => port),
    [8080, 8080],
  );
});
