/** A check as SARIF 2.1.0 (OASIS), as code scanning reads it: a result per finding, at the manifest it comes from. */
import type { Location, Log, ReportingDescriptor } from 'sarif';
import type { Answer, CheckResult, Finding } from '../contract/answers.js';
import { FINDING_CODES, type FindingCode, type Severity } from '../questions/findings/codes.js';
import { groupedFindings } from '../questions/findings/effects.js';
import { type ManifestPlace, manifestPlaces } from './manifest-places.js';
import { printable } from './safe-text.js';

const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  ERROR: 'error',
  WARNING: 'warning',
  INFO: 'note',
};

/** Where the project and its findings are described. */
const INFORMATION_URI = 'https://www.npmjs.com/package/kube-whatif';

const CODES = Object.keys(FINDING_CODES) as FindingCode[];

/** `ADDRESS_CLAIMED_TWICE` as `AddressClaimedTwice`, as SARIF wants names of rules. */
function pascal(code: string): string {
  return code.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function rule(code: FindingCode): ReportingDescriptor {
  const { meaning, severity, about } = FINDING_CODES[code];
  return {
    id: code,
    name: pascal(code),
    shortDescription: { text: meaning },
    fullDescription: { text: meaning },
    helpUri: `${INFORMATION_URI}#${code.toLowerCase().replaceAll('_', '-')}`,
    help: { text: `${meaning} docs/findings.md tells more.` },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: { tags: ['kubernetes', 'networking', about.toLowerCase()] },
  };
}

const serviceOf = ({ evidence: { service } }: Finding) => (typeof service === 'string' ? service : undefined);

/** The policies that a finding names, without their kinds. */
function policiesOf({ evidence: { policy, policies } }: Finding): readonly string[] {
  const listed = Array.isArray(policies) ? policies.map(String) : [];
  const named = typeof policy === 'string' ? policy.split(',') : [];
  return [...listed, ...named].map((text) => text.replace(/^\w+ /, ''));
}

/**
 * The manifest of a policy that the finding names, else of the Service itself; else the first of its namespace, which
 * is what touches it; else the first of all.
 */
function placeOf(finding: Finding, places: readonly ManifestPlace[]): ManifestPlace | undefined {
  const service = serviceOf(finding);
  const namespace = service?.split('/')[0];
  const policies = policiesOf(finding);
  const isNamed = (name: string) => policies.some((policy) => policy === name || policy === name.split('/')[1]);
  return (
    places.find(({ kind, name }) => kind.endsWith('NetworkPolicy') && isNamed(name)) ??
    places.find(({ kind, name }) => kind === 'Service' && name === service) ??
    places.find(({ name }) => namespace !== undefined && name.startsWith(`${namespace}/`)) ??
    places[0]
  );
}

/** A path as a relative URI reference (RFC 3986). */
function uri(path: string): string {
  return (
    path
      .replaceAll('\\', '/')
      .replace(/^\.\//, '')
      .split('/')
      // A lone surrogate has no place in a URI.
      .map((part) => encodeURIComponent(part.replace(/\p{Cs}/gu, '\ufffd')))
      .join('/')
  );
}

function locations(finding: Finding, places: readonly ManifestPlace[]): Location[] {
  const place = placeOf(finding, places);
  const service = serviceOf(finding);
  const logical =
    service === undefined
      ? {}
      : { logicalLocations: [{ name: service.split('/')[1], fullyQualifiedName: service, kind: 'resource' }] };
  if (place === undefined && service === undefined) return [];
  const physical =
    place === undefined
      ? {}
      : {
          physicalLocation: {
            artifactLocation: { uri: uri(place.file) },
            region: { startLine: place.line },
          },
        };
  return [{ ...physical, ...logical }];
}

/** What tells a finding from others in later runs: what it is about, without its numbers. */
function fingerprint({ code, evidence }: Finding): string {
  const { service, portName, port, protocol, family, via, policy, address, cause, pointer } = evidence;
  const clients = typeof evidence.clients === 'string' ? evidence.clients.split(' ')[0] : undefined;
  const parts = [code, service, portName ?? port, protocol, family, via, clients, policy, address, cause, pointer];
  return parts.map((part) => (part === undefined ? '' : String(part))).join('|');
}

/** The whole log as JSON text; ends in a newline. A pure function of the answer. */
export function sarif({ engine, result, findings, changes }: Answer<CheckResult>): string {
  const places = manifestPlaces(changes);
  const groups = groupedFindings(findings);
  const used = CODES.filter((code) => groups.some(({ cause }) => cause.code === code));
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: engine.name,
            informationUri: INFORMATION_URI,
            semanticVersion: engine.version,
            version: engine.version,
            rules: used.map(rule),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: groups.map(({ cause: finding, effects, severity }) => ({
          ruleId: finding.code,
          ruleIndex: used.indexOf(finding.code),
          level: LEVELS[severity],
          message: { text: [finding, ...effects].map(({ message }) => printable(message)).join('\n→ ') },
          locations: locations(finding, places),
          partialFingerprints: { 'finding/v1': fingerprint(finding) },
          properties: {
            evidence: finding.evidence,
            ...(effects.length === 0 ? {} : { effects: effects.map(({ code, evidence }) => ({ code, evidence })) }),
          },
        })),
        properties: {
          failed: result.failed,
          failOn: result.failOn,
          ...(result.unknown === undefined ? {} : { unknown: result.unknown }),
          counts: result.counts,
        },
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}
