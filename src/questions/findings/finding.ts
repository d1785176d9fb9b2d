import { type Fraction, formatFraction } from '../../base/fraction.js';
import { whenRead } from '../../base/when-read.js';
import type { Finding, ServiceRef } from '../../contract/answers.js';
import { FINDING_CODES, type FindingCode, type Severity } from './codes.js';
import type { Door } from './door.js';

type Evidence = Readonly<Record<string, unknown>>;

/** Lists in evidence hold at most this many entries; a count beside them says how many there are. */
export const MAX_LISTED = 20;

/**
 * A finding of the table, with the severity that the table gives it unless another is said. Absent fields are left out.
 */
export function finding(code: FindingCode, message: string, evidence: Evidence, severity?: Severity): Finding {
  const given = Object.fromEntries(Object.entries(evidence).filter(([, value]) => value !== undefined));
  return { code, severity: severity ?? FINDING_CODES[code].severity, message, evidence: given };
}

/**
 * A finding whose message and evidence are made when they are first read: of thousands of one code an answer lists a
 * hundred.
 */
export function findingWhenRead(
  code: FindingCode,
  make: () => Pick<Finding, 'message' | 'evidence'>,
  severity: Severity = FINDING_CODES[code].severity,
): Finding {
  let made: Finding | undefined;
  const read = () => {
    if (made === undefined) {
      const { message, evidence } = make();
      made = finding(code, message, evidence);
    }
    return made;
  };
  const later = whenRead({ code, severity }, 'message', () => read().message);
  return whenRead(later, 'evidence', () => read().evidence);
}

/** The Service port of a finding, as evidence has it. */
export function portEvidence(service: ServiceRef | undefined, family: string): Evidence {
  if (service === undefined) return { family };
  const { namespace, name, port, portName, protocol } = service;
  return { service: `${namespace}/${name}`, port, portName, protocol, family };
}

/** The door of a finding, as evidence has it. */
export function doorEvidence({
  service,
  via,
  family,
  destination,
  clients,
}: Pick<Door, 'service' | 'via' | 'family' | 'destination' | 'clients'>): Evidence {
  return { ...portEvidence(service, family), via, destination, clients };
}

/** `default/web:http`: a Service port in a sentence. */
export function portText(service: ServiceRef | undefined): string {
  if (service === undefined) return 'the destination';
  const { namespace, name, port, portName } = service;
  return `${namespace}/${name}${portName ? `:${portName}` : port === undefined ? '' : `:${port}`}`;
}

/** `default/web:http via NODE_PORT (pods on 3 nodes alike)`: a door in a sentence. */
export function doorText({ service, via, destination, clients }: Door): string {
  return `${service === undefined ? destination : portText(service)} via ${via} (${clients})`;
}

/** `1/3 of new connections`: the beginning of a sentence. */
export function part(share: Fraction): string {
  return share.n === share.d ? 'All new connections' : `${formatFraction(share)} of new connections`;
}

/** `1/3` of something, or `All` of it: a lone 1 reads as a number of them. */
export function partOf(share: Fraction): string {
  return share.n === share.d ? 'All' : formatFraction(share);
}

/** `"a, b and 7 more"`. */
export function listed(names: readonly string[], most = 3): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ');
}

/** Who denies, in words: policies, or what the network plugin does with pods that no policy selects. */
export const deniersText = (policies: readonly string[]): string =>
  policies.length === 0 ? "the network plugin's default" : listed(policies);

/** What a finding is about, so that the same one is found again on the other side of a change. */
export function keyOf({ code, evidence }: Finding): string {
  const { service, port, portName, protocol, family, via, clients, policy, address, cause } = evidence;
  // "pods on 3 nodes alike" are the same clients when there are 4 nodes.
  const who = typeof clients === 'string' ? clients.replace(/\b\d+ nodes\b/, 'nodes') : undefined;
  return JSON.stringify([code, service, port, portName, protocol, family, via, who, policy, address, cause]);
}
