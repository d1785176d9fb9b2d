/**
 * Annotations of the providers' documentation: those that are read, and an assumption for each that is not, that is not
 * known, or whose value is not valid. Set UPDATE_PROOF_TABLE=1 to write the lists into docs/load-balancers.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { AnnotationList } from '../../src/load-balancers/annotation-list.js';
import { ALB_ANNOTATIONS, CLASSIC_ANNOTATIONS, NLB_ANNOTATIONS } from '../../src/load-balancers/aws/annotation-list.js';
import { AZURE_ANNOTATIONS } from '../../src/load-balancers/azure/annotation-list.js';
import { GKE_ANNOTATIONS } from '../../src/load-balancers/gke/annotation-list.js';
import { ask } from '../../src/questions/ask.js';
import { balancedList, WEB } from '../support/balanced.js';

const LISTS: readonly (readonly [title: string, implementation: string, lists: readonly AnnotationList[]])[] = [
  ['AWS Network Load Balancer', 'aws-nlb', [NLB_ANNOTATIONS]],
  ['AWS Classic Load Balancer', 'aws-classic', [CLASSIC_ANNOTATIONS]],
  ['AWS Application Load Balancer', 'aws-alb', [ALB_ANNOTATIONS]],
  ['Azure', 'azure', AZURE_ANNOTATIONS],
  ['GKE', 'gke-external-passthrough', GKE_ANNOTATIONS],
];

function assumptionsOf(implementation: string, annotations: Record<string, string>) {
  const snapshot = readSnapshot({ inline: balancedList({ pods: [1, 1], annotations }) });
  const settings = { loadBalancer: { implementation } } as never;
  const question = { services: [WEB], clients: { loadBalancer: {} } };
  const { assumptions } = ask('probability', { settings, probability: question }, snapshot);
  return (field: string) => assumptions.find((one) => one.field === `loadBalancer.${field}`);
}

for (const [title, implementation, lists] of LISTS) {
  t.test(title, async (t) => {
    const plain = assumptionsOf(implementation, {});
    t.notOk(plain('annotations') ?? plain('annotations.invalid'), 'nothing to say of a Service without annotations');
    for (const { prefix, entries } of lists) {
      for (const { name, effect, valid } of entries) {
        const full = prefix + name.replace('*', '80');
        const wrong = assumptionsOf(implementation, { [full]: '-7 : {' });
        const unread = String(wrong('annotations')?.value ?? '').includes(full);
        t.equal(unread, effect === 'NOT_READ', `${full}: ${effect}`);
        t.equal(
          wrong('annotations.invalid') !== undefined,
          effect === 'READ' && valid !== undefined,
          `${full}: its value`,
        );
      }
      const unknown = assumptionsOf(implementation, { [`${prefix}of-next-year`]: 'x' });
      t.match(String(unknown('annotations')?.value), /of-next-year/, 'one that is not known');
    }
    const foreign = assumptionsOf(implementation, { 'example.com/x': 'y', 'prometheus.io/scrape': 'true' });
    t.notOk(foreign('annotations'), 'annotations of others are none of its');
  });
}

const MARKERS = [
  '<!-- annotations: made by test/load-balancers/annotations.test.ts -->',
  '<!-- end of annotations -->',
] as const;

function markdown(): string {
  const rows = LISTS.flatMap(([title, , lists]) =>
    lists.map(({ prefix, source, entries }) => {
      const named = (effect: string) =>
        entries
          .filter((one) => one.effect === effect)
          .map(({ name }) => `\`${name}\``)
          .join(', ') || 'none';
      return `| [${title}](${source[1]}), \`${prefix}…\` | ${named('READ')} | ${named('NOT_READ')} | ${named('NO_EFFECT')} |`;
    }),
  );
  return [
    '| annotations | read | not read: an assumption names them | change no answer |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

t.test('the document holds the same lists', async (t) => {
  const text = readFileSync('docs/load-balancers.md', 'utf8');
  const [start, end] = MARKERS.map((marker) => text.indexOf(marker)) as [number, number];
  t.ok(start >= 0 && end > start, 'the markers are there');
  const wanted = `${MARKERS[0]}\n\n${markdown()}\n\n`;
  if (process.env.UPDATE_PROOF_TABLE === '1') {
    writeFileSync('docs/load-balancers.md', text.slice(0, start) + wanted + text.slice(end));
  } else {
    t.equal(
      text.slice(start, end),
      wanted,
      'UPDATE_PROOF_TABLE=1 node dist/test/load-balancers/annotations.test.js writes it',
    );
  }
});
