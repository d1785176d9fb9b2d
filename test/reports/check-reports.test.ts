/**
 * A check's forms: short Markdown, JUnit that parses, SARIF 2.1.0 with places in the manifests; whatever names there
 * are.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { FINDING_CODES } from '../../src/questions/findings/codes.js';
import { groupedFindings } from '../../src/questions/findings/effects.js';
import { render } from '../../src/reports/render.js';
import { lab } from '../support/lab.js';

const NODE_PORT = { type: 'NodePort', ports: [{ port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }] };
const snapshot = lab({ services: [{ spec: NODE_PORT, endpoints: [1, 2] }, { name: 'other' }] });

const LOCAL = `# a comment
apiVersion: v1
kind: ConfigMap
metadata: { name: not-ours }
---
kind: List
apiVersion: v1
items:
  - apiVersion: v1
    kind: Service
    metadata:
      name: svc
    spec:
      externalTrafficPolicy: Local
`;

function check(request: QuestionRequest) {
  return ask('check', request, snapshot);
}

const local = (file = 'deploy/my app.yaml') =>
  check({ changes: [{ apply: { manifests: [{ file, text: LOCAL }] } }], check: { failOn: 'WARNING' } });

/**
 * Names of elements in the order in which they open; throws where they do not nest, or text holds what XML does not
 * allow.
 */
function elements(xml: string): readonly string[] {
  const open: string[] = [];
  const seen: string[] = [];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  if (body === xml) throw new Error('no declaration');
  for (const [, text = '', close, name = '', attributes = '', own] of body.matchAll(
    /([^<]*)<(\/?)([a-z-]+)((?:\s+[a-z]+="[^"<]*")*)\s*(\/?)>/g,
  )) {
    for (const part of [text, attributes]) {
      if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(part)) throw new Error(`a bare & in ${part}`);
      if (/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(part))
        throw new Error('a forbidden character');
    }
    if (close === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    } else {
      seen.push(name);
      if (own !== '/') open.push(name);
    }
  }
  if (open.length > 0) throw new Error(`${open.join(' ')} not closed`);
  return seen;
}

/** What SARIF 2.1.0 (OASIS, sarif-schema-2.1.0.json) says of the objects that are written here; others are refused. */
const text = { type: 'string', minLength: 1 };
const message = { type: 'object', additionalProperties: false, required: ['text'], properties: { text } };
const SARIF = {
  type: 'object',
  additionalProperties: false,
  required: ['version', 'runs'],
  properties: {
    $schema: { type: 'string', pattern: '^https://' },
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['tool'],
        properties: {
          columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
          properties: { type: 'object' },
          tool: {
            type: 'object',
            additionalProperties: false,
            required: ['driver'],
            properties: {
              driver: {
                type: 'object',
                additionalProperties: false,
                required: ['name'],
                properties: {
                  name: text,
                  version: text,
                  informationUri: { type: 'string', format: 'uri' },
                  semanticVersion: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+' },
                  rules: {
                    type: 'array',
                    uniqueItems: true,
                    items: {
                      type: 'object',
                      additionalProperties: false,
                      required: ['id'],
                      properties: {
                        helpUri: { type: 'string', format: 'uri' },
                        id: text,
                        name: text,
                        shortDescription: message,
                        fullDescription: message,
                        help: message,
                        defaultConfiguration: {
                          type: 'object',
                          additionalProperties: false,
                          properties: { level: { enum: ['none', 'note', 'warning', 'error'] } },
                        },
                        properties: {
                          type: 'object',
                          properties: { tags: { type: 'array', uniqueItems: true, items: text } },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
          results: {
            type: 'array',
            items: {
              type: 'object',
              additionalProperties: false,
              required: ['message'],
              properties: {
                ruleId: text,
                ruleIndex: { type: 'integer', minimum: 0 },
                level: { enum: ['none', 'note', 'warning', 'error'] },
                message,
                partialFingerprints: { type: 'object', additionalProperties: { type: 'string' } },
                properties: { type: 'object' },
                locations: {
                  type: 'array',
                  items: {
                    type: 'object',
                    additionalProperties: false,
                    properties: {
                      physicalLocation: {
                        type: 'object',
                        additionalProperties: false,
                        required: ['artifactLocation'],
                        properties: {
                          artifactLocation: {
                            type: 'object',
                            additionalProperties: false,
                            // uri-reference without spaces or backslashes.
                            properties: { uri: { type: 'string', pattern: "^[A-Za-z0-9._~!$&'()*+,;=:@%/-]+$" } },
                          },
                          region: {
                            type: 'object',
                            additionalProperties: false,
                            properties: { startLine: { type: 'integer', minimum: 1 } },
                          },
                        },
                      },
                      logicalLocations: {
                        type: 'array',
                        items: {
                          type: 'object',
                          additionalProperties: false,
                          properties: { name: text, fullyQualifiedName: text, kind: text },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};
const valid = new Ajv2020({ allErrors: true, strict: false }).compile(SARIF);

interface Log {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly partialFingerprints: Readonly<Record<string, string>>;
      readonly locations: readonly {
        readonly physicalLocation?: {
          readonly artifactLocation: { readonly uri: string };
          readonly region: { readonly startLine: number };
        };
        readonly logicalLocations?: readonly { readonly fullyQualifiedName: string }[];
      }[];
    }[];
  }[];
}

t.test('SARIF: a result per finding, at the line of its Service', async (t) => {
  const answer = local();
  const log = JSON.parse(render('check', answer, 'sarif')) as Log;
  t.ok(valid(log), JSON.stringify(valid.errors));
  const [run] = log.runs;
  const groups = groupedFindings(answer.findings);
  const rules = run?.tool.driver.rules ?? [];
  t.same(
    rules.map(({ id }) => id),
    Object.keys(FINDING_CODES).filter((code) => groups.some(({ cause }) => cause.code === code)),
  );
  const results = run?.results ?? [];
  t.equal(results.length, groups.length);
  t.ok(groups.length < answer.findings.length, 'a cause is one result, with its effects');
  for (const [index, { ruleId, ruleIndex, level, locations }] of results.entries()) {
    t.equal(rules[ruleIndex]?.id, ruleId);
    t.equal(level, { ERROR: 'error', WARNING: 'warning', INFO: 'note' }[groups[index]?.severity ?? 'INFO']);
    t.match(locations[0], {
      physicalLocation: { artifactLocation: { uri: 'deploy/my%20app.yaml' }, region: { startLine: 12 } },
      logicalLocations: [{ fullyQualifiedName: 'default/svc' }],
    });
  }
  t.ok(
    new Set(results.map(({ partialFingerprints }) => JSON.stringify(partialFingerprints))).size === results.length,
    'fingerprints tell findings apart',
  );
  const scaled = check({
    changes: [{ service: { namespace: 'default', name: 'svc', externalTrafficPolicy: 'Local' } }],
  });
  const without = JSON.parse(render('check', scaled, 'sarif')) as Log;
  t.ok(valid(without), JSON.stringify(valid.errors));
  t.equal(without.runs[0]?.results[0]?.locations[0]?.physicalLocation, undefined, 'no file is made up');
});

t.test('JUnit: a suite per Service, a case per door, a failure where one fails the check', async (t) => {
  const answer = local();
  const xml = render('check', answer, 'junit');
  const seen = elements(xml);
  const count = (name: string) => seen.filter((one) => one === name).length;
  t.equal(count('testsuite'), 2, 'the change and one Service');
  t.equal(count('testcase'), 1 + 1 + 3);
  const failures = Number(/<testsuites [^>]*failures="(\d+)"/.exec(xml)?.[1]);
  t.equal(count('failure'), failures);
  t.ok(failures > 0);
  t.match(xml, /<failure type="LOCAL_POLICY_WITHOUT_ENDPOINTS" message="[^"]*DELIVERED_BEFORE_DROPPED_NOW/);
  const never = check({
    ...{ changes: [{ service: { namespace: 'default', name: 'svc', externalTrafficPolicy: 'Local' } }] },
    check: { failOn: 'NEVER' },
  });
  t.notMatch(render('check', never, 'junit'), /<failure/);
  for (const { code } of answer.findings) t.ok(xml.includes(code), code);
});

t.test(
  'Markdown: the verdict and the worst first, the rest folded away, and never too long for a comment',
  async (t) => {
    const markdown = render('check', local(), 'markdown');
    t.match(markdown, /^\*\*❌ Failed: 1 error.*\*\*\n/);
    t.ok(markdown.indexOf('were delivered and are dropped now') < markdown.indexOf('<details>'));
    t.ok(markdown.indexOf('outside → NODE_PORT') < markdown.indexOf('a pod on each node'), 'the worst door first');
    t.equal(markdown.split('<details>').length, markdown.split('</details>').length);
    const many = lab({
      services: Array.from({ length: 150 }, (_, index) => ({ name: `s-${index}`, endpoints: [1, 2] })),
    });
    const all = ask('check', { changes: [{ node: { name: 'node-1', action: 'REMOVE' } }] }, many);
    t.equal(all.result.counts.touched, 150);
    const long = render('check', all, 'markdown');
    t.ok(long.length < 65_536, `${long.length} characters`);
    t.match(long, /more are not shown/);
  },
);

t.test('text: what a person reads in a terminal', async (t) => {
  const text = render('check', local(), 'text');
  t.match(text, /^Failed: 1 error.* The change touches 1 of 2 Services\.\n/);
  t.match(
    text,
    /CHANGED default\/svc \(80\/TCP\) by outside → NODE_PORT\n +DELIVERED 1 → 66\.67 %, DROPPED \(NO_LOCAL_ENDPOINTS\) 0/,
  );
  for (const line of text.split('\n')) t.ok([...line].length <= 80, line);
  const fine = check({ changes: [{ service: { namespace: 'default', name: 'svc', sessionAffinity: 'ClientIP' } }] });
  t.match(render('check', fine, 'text'), /^Passed: /);
});

t.test('SARIF: a document is at the file that Helm or kustomize made it of', async (t) => {
  const service = (mark: string, annotations = '') =>
    `---\n${mark}apiVersion: v1\nkind: Service\nmetadata:\n  name: svc\n  namespace: default\n${annotations}spec:\n  externalTrafficPolicy: Local\n`;
  const origin = (...lines: readonly string[]) =>
    `  annotations:\n    config.kubernetes.io/origin: |\n${lines.map((line) => `      ${line}\n`).join('')}`;
  const CASES: readonly (readonly [string, string, string, number])[] = [
    ['neither', service(''), 'all.yaml', 5],
    ['Helm', service('# Source: shop/templates/svc.yaml\n'), 'shop/templates/svc.yaml', 1],
    ['a comment of an earlier document', `---\n# Source: a.yaml\nkind: List\nitems: []\n${service('')}`, 'all.yaml', 9],
    ['kustomize', service('', origin('path: ../base/svc.yaml')), '../base/svc.yaml', 1],
    [
      'kustomize, from elsewhere',
      service('', origin('path: a.yaml', 'repo: https://example.com/x', 'ref: v1')),
      'all.yaml',
      5,
    ],
  ];
  for (const [what, text, uri, startLine] of CASES) {
    const answer = check({ changes: [{ apply: { manifests: [{ file: 'all.yaml', text }] } }] });
    const [result] = (JSON.parse(render('check', answer, 'sarif')) as Log).runs[0]?.results ?? [];
    t.match(result?.locations[0], { physicalLocation: { artifactLocation: { uri }, region: { startLine } } }, what);
  }
});

t.test('names from outside are escaped in every form', async (t) => {
  const evil = 'a]]>&<b>"\u0000\u202e\ud800.yaml';
  const answer = local(evil);
  elements(render('check', answer, 'junit'));
  const log = JSON.parse(render('check', answer, 'sarif')) as Log;
  t.ok(valid(log), JSON.stringify(valid.errors));
  t.notMatch(render('check', answer, 'markdown'), /<b>|\u202e/);
  const printed = render('check', answer, 'text');
  for (const character of ['\u202e', '\u0000']) t.notOk(printed.includes(character));
  t.throws(() => render('probability', answer, 'sarif'), /no form sarif/);
});
