import { announcement } from '../checks.js';
import type { Implementation } from '../implementation.js';
import { held, holdingProbe, isDown } from './holding.js';

/**
 * Source: redhat-cop/keepalived-operator, README: Services name their group by annotation; VRRP elects the node of a
 * group.
 */
const ANNOTATION = 'keepalived-operator.redhat-cop.io/keepalivedgroup';
/** Three advertisements of VRRP, one a second (RFC 5798, master down interval). */
const FAILOVER_SECONDS = 4;

/** keepalived: VRRP elects the node that has the address, whatever endpoints it has. */
export const keepalived: Implementation = {
  name: 'keepalived',
  title: 'keepalived (VRRP)',
  options: ['leader', 'enforcesSourceRanges'],
  takes: ({ metadata }) => (metadata.annotations?.[ANNOTATION] === undefined ? undefined : `annotation ${ANNOTATION}`),
  probe(balanced, { node }) {
    const whyNot = (name: string) =>
      isDown(balanced, name) ? `${name} is down (its Ready condition is Unknown)` : undefined;
    return holdingProbe(balanced, { holder: balanced.options.leader, whyNot }, node);
  },
  healthCheck: () => announcement(FAILOVER_SECONDS),
  ...held,
  addressIsLocal: () => true,
};
