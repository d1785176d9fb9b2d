/**
 * Renders deploy/helm/kube-whatif into plain manifests: a folder of deploy/kubernetes for each values.yaml there.
 * Before that it writes into the chart what is made elsewhere: the collector's rights, from the one list of kinds; the
 * alerts of deploy/prometheus; the settings that there are. Usage: npm run -s build && node tools/render-chart.mjs
 * [--check] [--helm PATH]   (--check: says whether all of it is current)
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COLLECT_VARIABLES } from '../dist/src/collect/collect-settings.js';
import { clusterRules, systemRules } from '../dist/src/collect/collected-resources.js';
import { VARIABLES } from '../dist/src/operations/service-variables.js';

const CHART = 'deploy/helm/kube-whatif';
const PLAIN = 'deploy/kubernetes';
const NAME = 'kube-whatif';

/** What restricted Pod Security checks in this namespace; everything in the chart fits it. */
const NAMESPACE = `---
apiVersion: v1
kind: Namespace
metadata:
  name: ${NAME}
  labels:
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/audit: restricted
    pod-security.kubernetes.io/warn: restricted
`;

/** Rules of RBAC, as YAML. */
function rulesText(rules) {
  const list = (items) => `[${items.map((item) => (item === '' ? "''" : item)).join(', ')}]`;
  const names = (field, items) =>
    items === undefined ? '' : `    ${field}:\n${items.map((item) => `      - ${item}\n`).join('')}`;
  const rule = ({ apiGroups, resources, resourceNames, verbs }) =>
    `  - apiGroups: ${list(apiGroups)}\n${names('resources', resources)}${names('resourceNames', resourceNames)} ` +
    `   verbs: ${list(verbs)}\n`;
  return (
    '  # Made by tools/render-chart.mjs from the list of kinds in ' +
    `src/base/kubectl.ts.\n${rules.map(rule).join('')}`
  );
}

/** The schema of values, with the names of all variables that no other value sets. */
function schemaText() {
  const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8'));
  const templates = ['deployment', 'collector']
    .map((name) => readFileSync(`${CHART}/templates/${name}.yaml`, 'utf8'))
    .join('');
  const free = (variables) =>
    variables
      .map(({ name }) => name)
      .filter((name) => name !== 'TOKENS' && !new RegExp(`name: ${name}\\b`).test(templates));
  schema.properties.settings.propertyNames.enum = free(VARIABLES);
  // Who the collector is, and what it asks, other values say.
  schema.properties.collector.properties.settings.propertyNames.enum = free(COLLECT_VARIABLES).filter(
    (name) => !/^KUBE_WHATIF_|^COLLECT_(NAME|KUBECONFIG|CONTEXT)$/.test(name),
  );
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

/** The files of the chart that are made, by path. */
export function madeFiles() {
  return new Map([
    [`${CHART}/files/collector-rules.yaml`, rulesText(clusterRules())],
    [`${CHART}/files/collector-system-rules.yaml`, rulesText(systemRules())],
    [`${CHART}/files/alerts.yaml`, readFileSync('deploy/prometheus/kube-whatif.rules.yaml', 'utf8')],
    [`${CHART}/values.schema.json`, schemaText()],
  ]);
}

/** All files below a folder, sorted. */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * A digest of what a folder is rendered from: the chart and the values. It shows without helm whether the manifests are
 * current.
 */
export function sourceDigest(folder) {
  const hash = createHash('sha256');
  for (const file of [...filesBelow(CHART), `${PLAIN}/${folder}/values.yaml`]) {
    hash.update(`${file}\n`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/**
 * The manifests of a folder, by file name. Each begins with a separator, so that files can be put together with cat.
 */
function render(helm, folder) {
  const values = `${PLAIN}/${folder}/values.yaml`;
  const text = execFileSync(helm, ['template', NAME, CHART, '--namespace', NAME, '--values', values], {
    encoding: 'utf8',
  });
  const files = new Map([['namespace.yaml', NAMESPACE]]);
  for (const part of text.split(/^---\n/m)) {
    const [, source, document] = /^# Source: [\w-]+\/templates\/([\w-]+\.yaml)\n([\s\S]*)$/.exec(part) ?? [];
    if (source === undefined) continue;
    // Nobody but Helm manages by these.
    const plain = document.replace(/^ +(app\.kubernetes\.io\/managed-by|helm\.sh\/chart): .*\n/gm, '').trim();
    const before = files.get(source);
    files.set(source, `${before ?? ''}---\n${plain}\n`);
  }
  const resources = [...files.keys()].map((name) => `  - ${name}\n`).join('');
  const comment =
    `# Rendered from ${CHART} and values.yaml by \`npm run render\`.\n# ` + `source: sha256:${sourceDigest(folder)}\n`;
  const kustomization =
    `${comment}apiVersion: kustomize.config.k8s.io/v1beta1\nkind: ` + `Kustomization\nresources:\n${resources}`;
  return new Map([...files, ['kustomization.yaml', kustomization]]);
}

/** Whether a file holds a text; of JSON, whether it says the same: the formatter may lay it out otherwise. */
function same(file, one, other) {
  if (!file.endsWith('.json')) return one === other;
  return JSON.stringify(JSON.parse(one)) === JSON.stringify(JSON.parse(other));
}

function main(args) {
  const check = args.includes('--check');
  const helm = args.includes('--helm') ? args[args.indexOf('--helm') + 1] : 'helm';
  const stale = [];
  const put = (file, text) => {
    if (existsSync(file) && same(file, readFileSync(file, 'utf8'), text)) return;
    if (check) stale.push(file);
    else writeFileSync(file, text);
  };
  for (const [file, text] of madeFiles()) put(file, text);
  const folders = readdirSync(PLAIN, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name: folder } of folders) {
    const rendered = render(helm, folder);
    for (const [name, text] of rendered) put(`${PLAIN}/${folder}/${name}`, text);
    for (const name of readdirSync(`${PLAIN}/${folder}`)) {
      if (name === 'values.yaml' || rendered.has(name)) continue;
      if (check) stale.push(`${PLAIN}/${folder}/${name}`);
      else rmSync(`${PLAIN}/${folder}/${name}`);
    }
  }
  if (stale.length === 0) return;
  console.error(`not current, run npm run render:\n${stale.join('\n')}`);
  process.exitCode = 1;
}

if (import.meta.main ?? process.argv[1]?.endsWith('render-chart.mjs')) main(process.argv.slice(2));
