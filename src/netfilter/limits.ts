/** What is taken for granted of rules that limit rates. */
export const BELOW_LIMITS = [
  'limits',
  'below',
  'Rules that limit how many packets or connections pass (limit, hashlimit, connlimit) are taken to meet ' +
    'less than their limit.',
] as const;
