/** A check as JUnit XML, as test reporters of CI services read it: a suite per Service, a case per door. */
import type { Answer, CheckedDoor, CheckResult, Finding } from '../contract/answers.js';
import { holdsUnknownShare } from '../questions/differences/shifted-shares.js';
import { type FindingGroup, groupedFindings } from '../questions/findings/effects.js';
import { doorTitle, isAbout, isFailure, portTitle, verdictText } from './check-words.js';
import { printable } from './safe-text.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text as an attribute or content of XML 1.0; characters that XML cannot hold are spelled out. */
function xml(text: string): string {
  return printable(text)
    .replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
    .replace(/[\ufffe\uffff]/g, '\ufffd');
}

interface Case {
  readonly name: string;
  readonly findings: readonly Finding[];
  readonly output?: string;
  /** Why it is not known what becomes of it: an error of the case, which has neither passed nor failed. */
  readonly unknown?: string | undefined;
}

function outputLines({ findings, output }: Case, result: CheckResult): string[] {
  const reported = findings.filter((finding) => !isFailure(finding, result));
  const lines = [
    ...(output === undefined ? [] : [output]),
    ...reported.map((one) => `${one.severity} ${one.code}: ${one.message}`),
  ];
  return lines.length === 0 ? [] : [`      <system-out>${lines.map(xml).join('\n')}</system-out>`];
}

function caseLines(suite: string, one: Case, result: CheckResult): string[] {
  const failures = one.findings.filter((finding) => isFailure(finding, result));
  const inner = [
    // Readers look at one failure of a case: the gravest is first and names the others.
    ...(failures.length === 0
      ? []
      : [
          `      <failure type="${xml(failures[0]?.code ?? '')}" message="${xml(failures[0]?.message ?? '')}">${failures
            .map(
              ({ severity, code, message, evidence }) =>
                `${xml(`${severity} ${code}: ${message}`)}\n${xml(JSON.stringify(evidence))}`,
            )
            .join('\n')}</failure>`,
        ]),
    ...(one.unknown === undefined ? [] : [`      <error type="UNKNOWN" message="${xml(one.unknown)}"/>`]),
    ...outputLines(one, result),
  ];
  const head = `    <testcase classname="${xml(suite)}" name="${xml(one.name)}" time="0"`;
  return inner.length === 0 ? [`${head}/>`] : [`${head}>`, ...inner, '    </testcase>'];
}

function casesOf(
  doors: readonly CheckedDoor[],
  findings: readonly Finding[],
  unknown: string | undefined,
): readonly Case[] {
  const own = doors.map((door): Case => {
    const { before, after } = door.destination;
    const where = after ?? before;
    const at = where === undefined || where === '' ? '' : ` ${where}`;
    return {
      name: `${portTitle(door)}: ${doorTitle(door)}${at}`,
      findings: findings.filter((finding) => isAbout(finding, door)),
      output: `${door.change}: ${verdictText(door)}`,
      unknown: door.change === 'UNKNOWN' || holdsUnknownShare(door.verdicts) ? (unknown ?? 'UNKNOWN') : undefined,
    };
  });
  const placed = new Set(own.flatMap((one) => one.findings));
  return [{ name: 'the Service', findings: findings.filter((finding) => !placed.has(finding)), unknown }, ...own];
}

/** A cause as one finding, as grave as the gravest of its effects, which are named with it. */
function ofGroup({ cause, effects, severity }: FindingGroup): Finding {
  const follows = effects.map(({ code, message }) => `→ ${code}: ${message}`);
  return { ...cause, severity, message: [cause.message, ...follows].join(' ') };
}

/** The whole report; ends in a newline. */
export function junit({ result, findings: found }: Answer<CheckResult>): string {
  const findings = groupedFindings(found).map(ofGroup);
  const servicesOf = ({ evidence: { service, services } }: Finding): readonly unknown[] =>
    Array.isArray(services) ? services : [service];
  const suites = result.services.map(({ service, doors }) => {
    const own = findings.filter((finding) => servicesOf(finding).includes(service));
    const unknown = result.unknown?.services.includes(service) ? result.unknown.why : undefined;
    return { name: service, cases: casesOf(doors, own, unknown) };
  });
  const reported = new Set(suites.flatMap(({ cases }) => cases.flatMap((one) => one.findings)));
  const rest = findings.filter((finding) => !reported.has(finding));
  const all = [
    { name: 'the change', cases: [{ name: 'as a whole', findings: rest, unknown: result.unknown?.why }] },
    ...suites,
  ];
  const failed = (cases: readonly Case[]) =>
    cases.filter((one) => one.findings.some((finding) => isFailure(finding, result))).length;
  const erred = (cases: readonly Case[]) => cases.filter(({ unknown }) => unknown !== undefined).length;
  const count = (cases: readonly Case[]) =>
    `tests="${cases.length}" failures="${failed(cases)}" errors="${erred(cases)}" skipped="0" time="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="kube-whatif check" ${count(all.flatMap(({ cases }) => cases)).replace(' skipped="0"', '')}>`,
    ...all.flatMap(({ name, cases }) => [
      `  <testsuite name="${xml(name)}" ${count(cases)}>`,
      ...cases.flatMap((one) => caseLines(name, one, result)),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n');
}
