/** How an object is stored. */
import type { ApiFault } from '../../api-server/faults.js';
import type { Fields } from '../../api-server/read-fields.js';
import type { StoredService } from '../../control-plane/service-storage.js';
import type { RefusalReason } from '../refused-change.js';

/** An object as it is stored, with what was drawn for it, or why it is refused. */
interface Storing {
  readonly object: Fields;
  readonly faults: readonly ApiFault[];
  /** The reason where it does not follow from the faults. */
  readonly reason?: RefusalReason;
  readonly service?: StoredService;
}

/** What stores an object: `before` undefined for a new one. */
export type Store = (before: Fields | undefined, object: Fields) => Storing;
