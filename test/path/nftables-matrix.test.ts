/** Every row of the path matrix in nftables mode. */
import t from 'tap';
import type { PathResult } from '../../src/contract/answers.js';
import { ask } from '../../src/questions/ask.js';
import { lab } from '../support/lab.js';
import { MATRIX } from '../support/matrix-rows.js';

const VERSIONS = ['1.30', '1.31', '1.33', '1.34', '1.36'];

function outcomes(result: PathResult): readonly string[] {
  return result.traces.map((trace) =>
    trace.verdict === 'DELIVERED'
      ? `DELIVERED ${trace.endpoint?.address} sees ${trace.seenClient}`
      : `${trace.verdict}/${trace.cause}`,
  );
}

/**
 * Where nftables mode differs from iptables mode, by row: what is expected in a version (KEP-3866, "nft proxy
 * behaviour").
 */
const DIFFERENT: Readonly<Record<string, (minor: number) => readonly string[] | undefined>> = {
  'pod → ClusterIP, a port it does not have': () => ['REJECTED/UNKNOWN_PORT'],
  // Filter chains came before DNAT up to 1.33.5, so that a process of the host met the drop first.
  'host → load balancer, Local, none here': (minor) => (minor < 34 ? ['DROPPED/NO_LOCAL_ENDPOINTS'] : undefined),
  'host → external IP, Local, none here': (minor) => (minor < 34 ? ['DROPPED/NO_LOCAL_ENDPOINTS'] : undefined),
  'host → 127.0.0.1 node port': () => ['REJECTED/HOST_REFUSED'],
  // There is no rule against INVALID packets.
  'outside → pod, by a node that its replies do not pass: TCP opens and falls silent': () => [
    'DELIVERED 10.180.2.2 sees 198.51.100.9',
  ],
};

const isCurrent = (versions?: readonly string[]) =>
  versions?.some((version) => Number(version.split('.')[1]) >= 30) ?? true;

for (const row of MATRIX.filter(({ versions }) => isCurrent(versions))) {
  t.test(row.name, async (t) => {
    for (const version of VERSIONS) {
      const snapshot = lab({ services: [row.service], version: `${version}.0` });
      const kubeProxy = { ...row.settings?.kubeProxy, mode: 'nftables' as const };
      const request = {
        path: { source: row.source, destination: row.destination },
        settings: { ...row.settings, kubeProxy },
      };
      const { result } = ask('path', request, snapshot);
      const expected = DIFFERENT[row.name]?.(Number(version.split('.')[1])) ?? row.expect;
      t.same([...outcomes(result)].sort(), [...expected].sort(), `${version}: ${result.traces[0]?.explanation}`);
    }
  });
}
