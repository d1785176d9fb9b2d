/** Which Services and clients a probability is about, and what is reported where the request is wrong. */
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { ProbabilityQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { labList } from '../support/lab.js';

const DNS = {
  name: 'dns',
  spec: {
    clusterIP: '172.30.0.10',
    clusterIPs: ['172.30.0.10'],
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 8080 },
      { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 8080 },
      { name: 'metrics', port: 9153, protocol: 'TCP', targetPort: 8080 },
    ],
  },
};
const WEB = { namespace: 'default', name: 'web' };
const snapshot = readSnapshot({ inline: labList({ services: [{ name: 'web' }, DNS] }) });
const answer = (probability: ProbabilityQuestion) => ask('probability', { probability }, snapshot);
const asked = (probability: ProbabilityQuestion) =>
  answer(probability).result.services.map(
    ({ service, family }) => `${service.name}:${service.portName ?? ''} ${service.port}/${service.protocol} ${family}`,
  );

t.test('every port of every Service, or those of one protocol', async (t) => {
  const tcp = ['dns:dns-tcp 53/TCP IPv4', 'dns:metrics 9153/TCP IPv4', 'web: 80/TCP IPv4'];
  t.same(asked({}), ['dns:dns 53/UDP IPv4', ...tcp]);
  t.same(asked({ protocol: 'TCP' }), tcp);
  t.same(asked({ protocol: 'UDP' }), ['dns:dns 53/UDP IPv4']);
  t.same(asked({ protocol: 'SCTP' }), []);
  t.same(asked({ families: ['IPv6'] }), [], 'a Service without the family is not asked about');
});

t.test('an assumption is reported once, whatever the number of families', async (t) => {
  const fields = answer({}).assumptions.map((assumption) => JSON.stringify(assumption));
  t.equal(new Set(fields).size, fields.length);
});

t.test('errors point into the request', async (t) => {
  const pod = (name: string) => ({ pod: `default/${name}` });
  const cases: readonly (readonly [ProbabilityQuestion, string, string])[] = [
    [{ services: [WEB, { ...WEB, name: 'wep' }] }, 'NOT_FOUND', '/probability/services/1/name'],
    [{ services: [{ namespace: 'default', name: 'dns' }] }, 'INVALID_REQUEST', '/probability/services/0/port'],
    [{ services: [{ ...WEB, portName: 'x' }] }, 'NOT_FOUND', '/probability/services/0/portName'],
    [{ services: [{ ...WEB, via: 'NODE_PORT' }] }, 'INVALID_REQUEST', '/probability/services/0/via'],
    [{ services: [WEB], protocol: 'UDP' }, 'NOT_FOUND', '/probability/services/0'],
    [{ services: [WEB], families: ['IPv6'] }, 'INVALID_REQUEST', '/probability/families'],
    [{ clients: pod('client-9') }, 'NOT_FOUND', '/probability/clients/pod'],
    [{ clients: { nodes: { names: ['node-1', 'node-9'] } } }, 'NOT_FOUND', '/probability/clients/nodes/names/1'],
    [{ clients: { external: { entersAt: ['node-9'] } } }, 'NOT_FOUND', '/probability/clients/external/entersAt/0'],
    [
      { clients: { weights: [{ source: pod('client-1'), weight: '0/1' }] } },
      'INVALID_REQUEST',
      '/probability/clients/weights',
    ],
    [
      // A name is wrong even where nothing comes from it.
      {
        clients: {
          weights: [
            { source: pod('client-1'), weight: 1 },
            { source: pod('client-9'), weight: 0 },
          ],
        },
      },
      'NOT_FOUND',
      '/probability/clients/weights/1/source/pod',
    ],
  ];
  for (const [question, code, pointer] of cases)
    t.throws(() => answer(question), { code, problems: [{ pointer }] }, JSON.stringify(question));
});
