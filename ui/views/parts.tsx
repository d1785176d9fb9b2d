/** Small parts that every view is made of. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Finding, Probability, Problem, Severity, Verdict } from '../api/types.js';
import { VERDICT_SIGNS, VERDICT_WORDS } from '../pictures/verdicts.js';
import { type Failure, tryAgain } from '../state/ask.js';
import { format, parse, percent, short } from '../state/fraction.js';

export { Copy, Verbatim } from '../pictures/verbatim.js';

/** The exact fraction and its percentage; a long fraction is whole in the title alone. */
export function Share({ of, only }: { of: Pick<Probability, 'fraction'>; only?: 'fraction' | 'percent' }) {
  const value = parse(of.fraction);
  const exact = format(value);
  return (
    <span class="share" title={`${exact} = ${percent(value)}`} data-fraction={of.fraction}>
      {only === 'percent' ? null : <b>{short(value)}</b>}
      {only === 'fraction' || exact === '0' || exact === '1' ? null : <span class="percent"> {percent(value)}</span>}
    </span>
  );
}

export function VerdictMark({ verdict, cause }: { verdict: Verdict; cause?: string | undefined }) {
  return (
    <span class={`verdict ${verdict.toLowerCase()}`}>
      <span aria-hidden="true">{VERDICT_SIGNS[verdict]}</span> {VERDICT_WORDS[verdict]}
      {cause === undefined ? null : <span class="cause"> {cause}</span>}
    </span>
  );
}

const SEVERITY_SIGNS: Readonly<Record<Severity, string>> = { ERROR: '▲', WARNING: '◆', INFO: '●' };
const SEVERITY_WORDS: Readonly<Record<Severity, string>> = { ERROR: 'error', WARNING: 'warning', INFO: 'note' };

export function SeverityMark({ severity }: { severity: Severity }) {
  return (
    <span class={`severity ${severity.toLowerCase()}`}>
      <span aria-hidden="true">{SEVERITY_SIGNS[severity]}</span> {SEVERITY_WORDS[severity]}
    </span>
  );
}

/** The sentences of a problem document, each with its place. */
export function ProblemText({ problem }: { problem: Problem }) {
  const others = problem.errors.filter(({ detail }) => detail !== problem.detail);
  return (
    <>
      <p>{problem.detail}</p>
      {problem.errors.length > 0 ? (
        <ul class="places">
          {(others.length > 0 ? others : problem.errors).map((one) => (
            <li key={`${one.pointer}${one.detail}`}>
              {one.pointer === '' ? null : <code class="pointer">{one.pointer}</code>}
              {others.length > 0 ? <span>{one.detail}</span> : <span>in the {one.in}</span>}
            </li>
          ))}
        </ul>
      ) : null}
    </>
  );
}

/** Why there is no answer, and what to do. */
export function FailureBox({ failure }: { failure: Failure }) {
  return (
    <div class="box failure" role="alert">
      <h2>{failure.unreachable ? 'No answer' : (failure.problem?.title ?? 'No answer')}</h2>
      {failure.problem === undefined ? <p>{failure.says}</p> : <ProblemText problem={failure.problem} />}
      {failure.unreachable ? (
        <button type="button" onClick={tryAgain}>
          Try again
        </button>
      ) : null}
    </div>
  );
}

/** Said to who waits longer than a moment; CSS shows it after 200 ms. */
export function Waiting({ what }: { what: string }) {
  return (
    <p class="waiting" role="status">
      {what}
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="box empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** The sentence that answers, large. */
export function Headline({ text, asking }: { text: string; asking?: boolean }) {
  return (
    <p class={`headline${asking === true ? ' old' : ''}`} aria-live="polite" data-headline>
      {text}
    </p>
  );
}

const RANK: Readonly<Record<Severity, number>> = { ERROR: 0, WARNING: 1, INFO: 2 };

export function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

export function FindingLines({ findings, most = 6 }: { findings: readonly Finding[]; most?: number }) {
  const [all, setAll] = useState(false);
  if (findings.length === 0) return null;
  const sorted = bySeverity(findings);
  const shown = all ? sorted : sorted.slice(0, most);
  return (
    <ul class="finding-lines" aria-label="Findings">
      {shown.map((one, index) => (
        <li key={index}>
          <SeverityMark severity={one.severity} /> <span class="message">{one.message}</span>{' '}
          <code class="code">{one.code}</code>
        </li>
      ))}
      {sorted.length > shown.length ? (
        <li>
          <button type="button" class="link" onClick={() => setAll(true)}>
            {sorted.length - shown.length} more findings
          </button>
        </li>
      ) : null}
    </ul>
  );
}

/** A name that shortens in its middle where there is no room; the whole one is its title. */
export function Name({ text }: { text: string }) {
  // A short name after the namespace stays whole, with its slash.
  const slash = text.lastIndexOf('/');
  const cut = slash > 0 && text.length - slash <= 14 ? slash : Math.max(0, text.length - 8);
  return (
    <span class="name" title={text}>
      <span class="start" aria-hidden="true">
        {text.slice(0, cut)}
      </span>
      <span class="end" aria-hidden="true">
        {text.slice(cut)}
      </span>
      <span class="hidden">{text}</span>
    </span>
  );
}
