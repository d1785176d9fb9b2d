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

const isCurrent = (versions?: readonly string[]) => versions?.some((version) => Number(version.split('.')[1]) >= 30) ?? true;

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
      t.same([...outcomes(result)].sort(), [...row.expect].sort(), `${version}: ${result.traces[0]?.explanation}`);
    }
  });
}
