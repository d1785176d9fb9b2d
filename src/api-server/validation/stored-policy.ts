/**
 * What is wrong with a network policy that is taken as stored: of a snapshot, or after a patch. What the API server
 * fills in may be missing, and networks are read as loosely as the API server has long taken them.
 */
import { typeFault } from '../decode.js';
import { type ApiFault, Faults } from '../faults.js';
import type { Fields } from '../read-fields.js';
import { KIND_TYPES } from '../schema-table.js';
import { ACTIONS, checkAdminPolicy } from './admin-policy.js';
import { adminTypeFaults } from './admin-policy-types.js';
import { checkNetworkPolicy } from './network-policy.js';

/** Whether the object is a NetworkPolicy of Kubernetes itself. */
const isNetworkPolicy = (kind: string, apiVersion: string) =>
  kind === 'NetworkPolicy' && /^(?:networking\.k8s\.io|extensions)\//.test(apiVersion);

const isAdminPolicy = (kind: string, apiVersion: string) =>
  ACTIONS[kind] !== undefined && apiVersion.startsWith('policy.networking.k8s.io/');

/**
 * What the API server would refuse of a policy: places in it, and what would be right. Empty for objects of other
 * kinds.
 */
export function storedPolicyFaults(kind: string, apiVersion: string, value: Fields): readonly ApiFault[] {
  if (isAdminPolicy(kind, apiVersion)) {
    const wrong = adminTypeFaults(value);
    if (wrong.length > 0) return wrong;
    const faults = new Faults();
    checkAdminPolicy({ kind, strict: apiVersion.endsWith('/v1beta1') }, value, faults);
    return faults.list;
  }
  if (!isNetworkPolicy(kind, apiVersion)) return [];
  const type = KIND_TYPES['networking.k8s.io/v1/NetworkPolicy'];
  const wrong = type === undefined ? undefined : typeFault({ spec: value.spec }, type);
  if (wrong !== undefined) return [wrong];
  const faults = new Faults();
  checkNetworkPolicy(undefined, value, faults, { strict: false });
  return faults.list.filter(({ pointer }) => pointer.startsWith('/spec'));
}
