export type { Cause, Verdict as PathVerdict } from '../contract/gen/types.js';
