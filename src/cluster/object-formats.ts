/** The formats that object-schemas.ts names: each says whether a text is written so. */
import { addressFamily, parseCidr } from '../base/address.js';

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

export const ip = (value: string): boolean => addressFamily(value) !== undefined;
export const ipOrEmpty = (value: string): boolean => value === '' || ip(value);
export const clusterIp = (value: string): boolean => value === 'None' || ipOrEmpty(value);
export const cidr = (value: string): boolean => parseCidr(value) !== undefined;
export const cidrOrEmpty = (value: string): boolean => value === '' || cidr(value);
export const time = (value: string): boolean => RFC_3339.test(value) && !Number.isNaN(Date.parse(value));
