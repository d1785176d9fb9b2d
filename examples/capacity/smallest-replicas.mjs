// Prints the smallest number of replicas for which no pod gets more than a given share of new connections.
//   node smallest-replicas.mjs SERVER SNAPSHOT [KIND/]NAMESPACE/NAME SHARE [FROM TO]
//   node smallest-replicas.mjs http://localhost:8080 cluster.json default/web 1/20
// Exit code 1: no number of replicas in the range does it. Needs Node.js 20, nothing else.
import { readFileSync } from 'node:fs';

const [server, snapshot, workload, share, from = '1', to = '300'] = process.argv.slice(2);
const [name, namespace, kind = 'deployment'] = workload.split('/').reverse();
const KINDS = { deployment: 'Deployment', replicaset: 'ReplicaSet', statefulset: 'StatefulSet' };

const form = new FormData();
form.set('snapshot', new Blob([readFileSync(snapshot)]), 'cluster.json');
form.set(
  'request',
  JSON.stringify({
    sweep: {
      scale: { kind: KINDS[kind.toLowerCase()], namespace, name },
      from: Number(from),
      to: Number(to),
      bound: { largestShare: share },
    },
  }),
);
const response = await fetch(`${server}/v1/sweep`, { method: 'POST', body: form });
const answer = await response.json();
if (!response.ok) {
  console.error(answer.detail);
  process.exit(2);
}
const { bound, points } = answer.result;
if (bound.smallest === undefined) {
  console.error(bound.explanation);
  process.exit(1);
}
const waiting = points.find(({ replicas }) => replicas === bound.smallest).unplaced?.pods ?? 0;
if (waiting > 0) console.error(`${waiting} of these pods have no place in the cluster as it is`);
console.log(bound.smallest);
