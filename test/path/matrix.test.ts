/** Every row of the path matrix in every version it holds for. */
import t from 'tap';
import type { PathResult } from '../../src/contract/answers.js';
import { ask } from '../../src/questions/ask.js';
import { lab } from '../support/lab.js';
import { MATRIX, SINCE_125 } from '../support/matrix-rows.js';

function outcomes(result: PathResult): readonly string[] {
  return result.traces.map((trace) =>
    trace.verdict === 'DELIVERED'
      ? `DELIVERED ${trace.endpoint?.address} sees ${trace.seenClient}`
      : `${trace.verdict}/${trace.cause}`,
  );
}

for (const row of MATRIX) {
  t.test(row.name, async (t) => {
    for (const version of row.versions ?? SINCE_125) {
      const snapshot = lab({ services: [row.service], version });
      const request = {
        path: { source: row.source, destination: row.destination },
        ...(row.settings ? { settings: row.settings } : {}),
      };
      const { result } = ask('path', request, snapshot);
      t.same([...outcomes(result)].sort(), [...row.expect].sort(), `${version}: ${result.traces[0]?.explanation}`);
    }
  });
}
