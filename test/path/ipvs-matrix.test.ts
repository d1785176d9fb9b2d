/** Every row of the path matrix in ipvs mode, by its programs and by what the tools of a node print of them. */
import t from 'tap';
import type { PathResult } from '../../src/contract/answers.js';
import type { PathQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { savedParts } from '../support/ipvs-text.js';
import { lab } from '../support/lab.js';
import { MATRIX } from '../support/matrix-rows.js';

const VERSIONS = [20, 22, 24, 25, 26, 28, 30, 33, 36];

function outcomes(result: PathResult): readonly string[] {
  return result.traces.map((trace) =>
    trace.verdict === 'DELIVERED'
      ? `DELIVERED ${trace.endpoint?.address} sees ${trace.seenClient}`
      : `${trace.verdict}/${trace.cause}`,
  );
}

const LOST = ['DROPPED/REPLY_LOST'];
const BOTH_LOST = ['DROPPED/REPLY_LOST', 'DROPPED/REPLY_LOST'];
/** Since 1.24 the virtual server keeps endpoints of other nodes, to which connections go with the client's address. */
const others = (minor: number, since: readonly string[] | undefined) =>
  minor < 24 ? ['REJECTED/NO_LOCAL_ENDPOINTS'] : since;
const MASQUERADED = [
  'DELIVERED 10.180.1.2 sees 10.180.1.1',
  'DELIVERED 10.180.2.2 sees 10.0.0.1',
  'DELIVERED 10.180.3.2 sees 10.0.0.1',
];

/** Where ipvs mode differs from iptables mode, by row: what is expected in a version. */
const DIFFERENT: Readonly<Record<string, (minor: number) => readonly string[] | undefined>> = {
  // A virtual server without real servers refuses.
  'pod → ClusterIP, internal Local, none here': () => ['REJECTED/NO_LOCAL_ENDPOINTS'],
  'host → ClusterIP, internal Local, none here': () => ['REJECTED/NO_LOCAL_ENDPOINTS'],
  // The address is the node's own: up to 1.25 its processes answer there.
  'pod → ClusterIP, a port it does not have': (minor) =>
    minor < 26 ? ['UNKNOWN/MISSING_DATA'] : ['REJECTED/UNKNOWN_PORT'],
  'pod → own node port, Local, none here': (minor) => others(minor, undefined),
  'pod → other node port, Local, endpoint elsewhere, ClusterCIDR': (minor) => others(minor, LOST),
  'pod → other node port, Local, endpoint elsewhere, NodeCIDR': (minor) => others(minor, LOST),
  'pod → other node port, Local, endpoint elsewhere, BridgeInterface': (minor) => others(minor, LOST),
  'pod → external IP, Cluster, marked only from outside': () => MASQUERADED,
  'pod → external IP, Cluster, not captured behind a bridge': () => MASQUERADED,
  'pod → load balancer, Local, none here': (minor) => others(minor, undefined),
  'pod → load balancer, Local, no detector, none here': (minor) =>
    others(minor, ['DELIVERED 10.180.2.2 sees 10.180.1.9', 'DELIVERED 10.180.3.2 sees 10.180.1.9']),
  // A process has the address that it connects to for its own, which the endpoint's node has too.
  'host → load balancer, Local, none here': (minor) => others(minor, BOTH_LOST),
  'host → external IP, Local, none here': (minor) => others(minor, BOTH_LOST),
  'host → own node port, Local, none here': (minor) => others(minor, undefined),
  'host → other node port, Local, none there': (minor) => others(minor, LOST),
  // Up to 1.25 it is masqueraded on the loopback, and what does not come from 127.0.0.1 is dropped there.
  'host → 127.0.0.1 node port': (minor) => (minor < 26 ? ['DROPPED/MARTIAN'] : ['REJECTED/HOST_REFUSED']),
  'host → load balancer, ranges without the node': (minor) =>
    minor < 25
      ? undefined
      : minor < 29
        ? RANGES_PASSED
        : ['DROPPED/FIREWALLED', 'DROPPED/FIREWALLED', 'DROPPED/FIREWALLED'],
  'outside → node port, Local, none here': (minor) => others(minor, BOTH_LOST),
  'outside → node port, Local, none here, without kubelet’s half of the drop': (minor) => others(minor, BOTH_LOST),
  'outside → load balancer address, Local, none here': (minor) => others(minor, LOST),
  'outside → load balancer address, Local, none here, forwarded past kubelet’s drop': (minor) => others(minor, LOST),
  // There is no rule against INVALID packets.
  'outside → pod, by a node that its replies do not pass: TCP opens and falls silent': () => [
    'DELIVERED 10.180.2.2 sees 198.51.100.9',
  ],
  // The packet comes up to the host and leaves by the bridge itself.
  'pod → ClusterIP, itself the endpoint, hairpin off': () => ['DELIVERED 10.180.1.2 sees 10.180.1.1'],
};

/** From 1.25 to 1.28 nothing on the way of a process of the node looks at source ranges. */
const RANGES_PASSED = MASQUERADED;

const minorOf = (version: string) => Number(version.split('.')[1]);

/** The versions of a row: those that it names, or from 1.25 on. */
function versionsOf(versions: readonly string[] | undefined): readonly number[] {
  const minors = versions?.map(minorOf);
  return VERSIONS.filter((minor) => {
    if (minors === undefined) return minor >= 25;
    // Rows of the newest layout hold for what came since.
    return minors.includes(minor) || (minor >= 30 && minors.some((one) => one >= 30));
  });
}

for (const row of MATRIX) {
  t.test(row.name, async (t) => {
    for (const minor of versionsOf(row.versions)) {
      const snapshot = lab({ services: [row.service], version: `1.${minor}.0` });
      const settings = { ...row.settings, kubeProxy: { ...row.settings?.kubeProxy, mode: 'ipvs' as const } };
      const path: PathQuestion = { source: row.source, destination: row.destination };
      const { result } = ask('path', { path, settings }, snapshot);
      const expected = DIFFERENT[row.name]?.(minor) ?? row.expect;
      t.same([...outcomes(result)].sort(), [...expected].sort(), `1.${minor}: ${result.traces[0]?.explanation}`);
      if (row.source.healthCheck !== undefined) continue;
      // What iptables-save, ipset and ipvsadm print of every node leads to the same.
      const nodeRules = Object.fromEntries(
        ['node-1', 'node-2', 'node-3'].map((node) => [
          node,
          savedParts(
            ask('chains', { chains: { nodes: [node], format: 'SAVE', families: ['IPv4'] }, settings }, snapshot).result,
          ),
        ]),
      );
      if (settings.kubelet !== undefined || minor < 26) continue;
      const read = ask('path', { path: { ...path, nodeRules }, settings }, snapshot).result;
      // The tools do not say why a virtual server has nobody behind it.
      const reported = expected.map((one) => one.replace('REJECTED/NO_LOCAL_ENDPOINTS', 'REJECTED/NO_ENDPOINTS'));
      t.same([...outcomes(read)].sort(), [...reported].sort(), `1.${minor}, read: ${read.traces[0]?.explanation}`);
    }
  });
}
