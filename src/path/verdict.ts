/** How a packet's way can end. */
export type PathVerdict = 'DELIVERED' | 'REJECTED' | 'DROPPED' | 'UNREACHABLE' | 'UNKNOWN';

/** Why, where the verdict alone does not say it. */
export type Cause =
  | 'NO_ENDPOINTS'
  | 'UNKNOWN_PORT'
  | 'HOST_REFUSED'
  | 'NO_LOCAL_ENDPOINTS'
  | 'FIREWALLED'
  | 'REPLY_LOST'
  | 'MARTIAN'
  | 'INVALID_STATE'
  | 'POLICY'
  | 'NO_RULE'
  | 'NO_ROUTE'
  | 'NO_BACKENDS'
  | 'NODE_DOWN'
  | 'UNSUPPORTED_DATAPLANE'
  | 'UNKNOWN_MATCH'
  | 'UNKNOWN_TARGET'
  | 'MISSING_DATA';
