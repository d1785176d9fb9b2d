/** A pod that has ended is reached by nobody, even where another pod has its address meanwhile. */
import t from 'tap';
import { ask } from '../../src/questions/ask.js';
import { CALICO, policedSnapshot } from '../support/policed-cluster.js';
import { pod } from '../support/small-cluster.js';

for (const phase of ['Succeeded', 'Failed']) {
  t.test(`a pod of phase ${phase} whose address another one has`, async (t) => {
    const ended = pod('shop', 'job-0', 'n1', { ip: '10.244.1.93' });
    const containers = [{ name: 'c', ports: [{ containerPort: 8080, protocol: 'TCP' }] }];
    const next = pod('shop', 'next-0', 'n1', { spec: { containers }, ip: '10.244.1.93' });
    const more = [CALICO, { ...ended, status: { ...ended.status, phase } }, next];
    const question = { source: { pod: 'shop/web-0' }, destination: { pod: 'shop/job-0', port: 8080 } };
    const { summary, result } = ask('path', { path: question } as never, policedSnapshot({ more }));
    t.match(result.traces, [{ verdict: 'UNREACHABLE', cause: 'NO_ROUTE' }]);
    t.match(summary, new RegExp(`Pod shop/job-0 has ended \\(phase ${phase}\\)`));
    const other = { ...question, destination: { pod: 'shop/next-0', port: 8080 } };
    t.match(ask('path', { path: other } as never, policedSnapshot({ more })).result.traces, [{ verdict: 'DELIVERED' }]);
  });
}
