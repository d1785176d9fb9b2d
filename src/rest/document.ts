/**
 * The contract as it is given out: with the requests and answers of examples/, which its own examples are too small to
 * show.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DOCUMENT } from '../contract/gen/document.js';
import { packageFile } from '../operations/package-file.js';
import type { QuestionKind } from '../questions/kinds.js';
import { QUESTION_KINDS } from '../questions/registry.js';

/** An example as OpenAPI has it. */
interface Example {
  readonly summary: string;
  readonly value: unknown;
}

interface Content {
  readonly 'application/json': { readonly examples?: Readonly<Record<string, Example>> };
}

interface Operation {
  readonly requestBody: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content: Content }>>;
}

/** The question of a file in examples/requests/: `what-if-path.json` asks `what-if`. */
export function kindOfExample(file: string): QuestionKind | undefined {
  const name = file.replace(/\.json$/, '');
  const kinds = QUESTION_KINDS.filter((kind) => name === kind || name.startsWith(`${kind}-`));
  return kinds.sort((a, b) => b.length - a.length)[0];
}

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** The examples, by question: requests that name examples/article.json by its digest, and the answers that they get. */
function readExamples(): ReadonlyMap<QuestionKind, readonly { name: string; request: Example; answer: Example }[]> {
  const folder = packageFile('examples');
  const digest = `sha256:${createHash('sha256')
    .update(readFileSync(join(folder, 'article.json')))
    .digest('hex')}`;
  const found = new Map<QuestionKind, { name: string; request: Example; answer: Example }[]>();
  for (const file of readdirSync(join(folder, 'requests')).sort()) {
    const kind = kindOfExample(file);
    if (kind === undefined) continue;
    const request = { snapshot: { digest }, ...(json(join(folder, 'requests', file)) as object) };
    const examples = found.get(kind) ?? [];
    examples.push({
      name: `examples/requests/${file}`,
      request: { summary: `${file}, about examples/article.json sent before`, value: request },
      answer: { summary: `What ${file} gets`, value: json(join(folder, 'answers', file)) },
    });
    found.set(kind, examples);
  }
  return found;
}

/** The document, examples and all. */
export function documentWithExamples(): Readonly<Record<string, unknown>> {
  const document = structuredClone(DOCUMENT) as { paths: Record<string, { post?: Operation }> };
  for (const [kind, examples] of readExamples()) {
    const operation = document.paths[`/v1/${kind}`]?.post;
    const answered = operation?.responses['200'];
    if (operation === undefined || answered === undefined) continue;
    const add = (content: Content, which: 'request' | 'answer') => {
      const media = content['application/json'];
      const more = Object.fromEntries(examples.map((example) => [example.name, example[which]]));
      Object.assign(media, { examples: { ...media.examples, ...more } });
    };
    add(operation.requestBody.content, 'request');
    add(answered.content, 'answer');
  }
  return document;
}
