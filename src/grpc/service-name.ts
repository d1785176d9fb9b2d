import { PACKAGE } from '../messages/registry.js';

/** The service's full name, as in proto/. */
export const SERVICE = `${PACKAGE}.KubeWhatif`;
