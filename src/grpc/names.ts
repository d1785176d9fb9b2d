/** ListSnapshots and DeleteSnapshotName. */
import type { DescMethod } from '@bufbuild/protobuf';
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import {
  DeleteSnapshotNameRequest,
  DeleteSnapshotNameResponse,
  ListSnapshotsResponse,
} from '../messages/gen/kube_whatif/v1/names.js';
import type { Backend } from '../operations/backend.js';
import { readName } from '../snapshots/name.js';
import type { NamedSnapshots } from '../snapshots/named.js';
import { listed } from '../snapshots/named-forms.js';
import { ProblemError } from '../work/problem.js';
import { headersOf, runCall } from './call.js';

type Call = ServerUnaryCall<Buffer, Uint8Array>;
type Done = sendUnaryData<Uint8Array>;

/** Where names are. Throws ProblemError UNSUPPORTED where no snapshots are held. */
export function namedOf({ workers }: Backend): NamedSnapshots {
  workers.refuseHolding(0);
  const { named } = workers.shelf;
  if (named === undefined) throw new ProblemError({ code: 'UNSUPPORTED', detail: 'This service has no names.' });
  return named;
}

/** The handler of ListSnapshots. */
export function listNames(backend: Backend, { input: message }: DescMethod) {
  return (call: Call, done: Done): Promise<void> =>
    runCall(
      backend,
      call,
      { message },
      async (asked) => {
        const records = await namedOf(backend).list(asked.owner);
        if ('problem' in records) throw new ProblemError(records.problem);
        call.sendMetadata(headersOf(asked));
        const names = records.map((record) => listed(record)).map((one) => ({ ...one, versions: [...one.versions] }));
        done(null, ListSnapshotsResponse.encode(ListSnapshotsResponse.fromPartial({ names })).finish());
      },
      done,
    );
}

function read(message: Buffer): DeleteSnapshotNameRequest {
  try {
    return DeleteSnapshotNameRequest.decode(message);
  } catch {
    throw new ProblemError({ code: 'MALFORMED', detail: 'The message cannot be read as a DeleteSnapshotNameRequest.' });
  }
}

/** The handler of DeleteSnapshotName. */
export function deleteName(backend: Backend, { input: message }: DescMethod) {
  return (call: Call, done: Done): Promise<void> =>
    runCall(
      backend,
      call,
      { message },
      async (asked) => {
        const { name } = read(call.request);
        const gone = await namedOf(backend).delete(asked.owner, readName(name));
        if ('problem' in gone) throw new ProblemError(gone.problem);
        call.sendMetadata(headersOf(asked));
        done(null, DeleteSnapshotNameResponse.encode(DeleteSnapshotNameResponse.fromPartial(gone)).finish());
      },
      done,
    );
}
