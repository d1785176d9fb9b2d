import { decodeUtf8, Sha256 } from '#platform';
import type { IPFamily } from '../../base/address.js';
import { addressOf } from '../../base/address.js';
import { QuestionError } from '../../base/errors.js';
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import { requireNode, requireService } from '../../cluster/lookup.js';
import { namespacedName } from '../../cluster/objects.js';
import { FAMILIES, formatVersion } from '../../cluster/settings.js';
import type { ChainData, ChainsPart, ChainsResult, TableData, VirtualServerData } from '../../contract/answers.js';
import type { ChainsQuestion } from '../../contract/requests.js';
import type { NodeProgram } from '../../proxy/node-program.js';
import { programNode } from '../../proxy/program.js';
import type { Outcome, Prepared } from '../prepare.js';
import { endpointCount, mustExceed } from '../walk-limits.js';
import { type ChainBlock, type ChainText, divide } from './chain-blocks.js';
import { ByteBudget, type DataBlock, restoreText, type Selection, selectionOf, tooLarge } from './node-rules.js';
import { renderingOf } from './renderings.js';

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** Nodes times endpoints that are compared chain by chain; more takes too long to answer at once. */
const MAX_COMPARED = 3_000_000;

/** The families the cluster has addresses of: what its kube-proxies write rules for. */
function familiesIn(cluster: Cluster): readonly IPFamily[] {
  const found = new Set<IPFamily | undefined>();
  for (const node of cluster.nodes.values()) {
    for (const { type, address } of node.status?.addresses ?? [])
      if (type === 'InternalIP') found.add(addressOf(address)?.family);
  }
  for (const service of cluster.services.values()) {
    for (const address of service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? ''])
      found.add(addressOf(address)?.family);
  }
  const families = FAMILIES.filter((family) => found.has(family));
  return families.length > 0 ? families : ['IPv4'];
}

/** Blocks of data as a part of the answer: chains by table, and what ipvs mode has beside them. */
function dataPart(blocks: readonly DataBlock[], mode: NodeProgram['mode']): AnyPart {
  const tables = new Map<string, ChainData[]>();
  const boundAddresses: string[] = [];
  const ipsets: Record<string, readonly string[]> = {};
  const virtualServers: VirtualServerData[] = [];
  for (const { table, chain, body } of blocks) {
    if ('boundAddresses' in body) boundAddresses.push(...body.boundAddresses);
    else if ('ipset' in body) ipsets[chain] = body.ipset;
    else if ('virtualServer' in body) virtualServers.push(body.virtualServer);
    else remember(tables, table, (): ChainData[] => []).push(body);
  }
  return {
    tables: [...tables].map(([name, chains]): TableData => ({ name, chains })),
    ...(mode === 'ipvs' ? { boundAddresses, ipsets, virtualServers } : {}),
  };
}

/** One form of rules: how a node's chains are made, and how some of them become a part of the answer. */
interface Form<T> {
  blocks(program: NodeProgram): readonly ChainBlock<T>[];
  content(body: T): string;
  part(blocks: readonly ChainBlock<T>[]): AnyPart;
}

type AnyPart = Pick<ChainsPart, 'text' | 'tables' | 'boundAddresses' | 'ipsets' | 'virtualServers'>;

interface Rendered {
  readonly shared?: AnyPart;
  readonly own: ReadonlyMap<string, AnyPart>;
}

/**
 * Nodes with the same restore input (in ipvs mode with the same sets and servers too), by the first of them. They have
 * all their rules in common, since the built-in chains' jumps are a matter of the version, and only one of them needs
 * to be rendered in a form that costs more.
 */
function twins(programs: ReadonlyMap<string, NodeProgram>, selection: Selection): ReadonlyMap<string, string> {
  const firstWith = new Map<string, string>();
  return new Map(
    [...programs].map(([node, program]) => {
      const hash = new Sha256();
      for (const piece of program.restorePieces(selection.services)) hash.update(piece);
      hash.update(program.stateText?.(selection.services) ?? '');
      return [node, remember(firstWith, hash.hex(), () => node)];
    }),
  );
}

function render<T>(
  form: Form<T>,
  programs: ReadonlyMap<string, NodeProgram>,
  selection: Selection,
  partOf: (blocks: readonly ChainBlock<T>[], whole: boolean) => AnyPart = form.part,
): Rendered {
  const blocksOf = (node: string) => form.blocks(programs.get(node) as NodeProgram);
  const nodes = [...programs.keys()];
  if (nodes.length === 1) return { own: new Map(nodes.map((node) => [node, form.part(blocksOf(node))])) };
  const twinOf = twins(programs, selection);
  const { shared, own } = divide([...new Set(twinOf.values())], blocksOf, (body) => form.content(body));
  const alone = [...twinOf].flatMap(([node, twin]): [string, AnyPart][] => {
    const rest = own.get(twin) ?? [];
    return rest.length > 0 ? [[node, form.part(rest)]] : [];
  });
  return { shared: partOf(shared, alone.length === 0), own: new Map(alone) };
}

const textContent = (body: ChainText) => body.declaration + body.rules;

/** What kube-proxy hands over, byte for byte where that is one text: of one node, or of nodes that are all alike. */
function renderRestore(selection: Selection, programs: ReadonlyMap<string, NodeProgram>, limit: number): Rendered {
  const whole = { ...selection, chains: undefined };
  const text = (program: NodeProgram) => restoreText(program, whole, new ByteBudget(limit));
  const [[node, first]] = [...programs] as [[string, NodeProgram]];
  const rendering = renderingOf(first);
  const cut = (all: string) => rendering.cut(all).filter((block) => selection.chains?.has(block.chain) ?? true);
  if (programs.size === 1 && selection.chains === undefined) return { own: new Map([[node, { text: text(first) }]]) };
  const form: Form<ChainText> = {
    blocks: (program) => cut(text(program)),
    content: textContent,
    part: (blocks) => ({ text: rendering.join(blocks) }),
  };
  const exact = (blocks: readonly ChainBlock<ChainText>[], whole: boolean) =>
    whole && selection.chains === undefined ? { text: text(first) } : form.part(blocks);
  return render(form, programs, selection, exact);
}

/** What `nft -f -` is given: a text of each node, since its lines act in their order. */
function renderTransaction(selection: Selection, programs: ReadonlyMap<string, NodeProgram>, limit: number): Rendered {
  const budget = new ByteBudget(limit);
  if (selection.chains !== undefined) {
    throw new QuestionError('INVALID_REQUEST', 'A transaction is shown as a whole.', [
      { pointer: '/chains/chains', detail: 'Leave out chains, or ask for SAVE, LIST or RULES.' },
    ]);
  }
  const own = [...programs].map(([node, program]): [string, AnyPart] => {
    const pieces = program.transactionPieces?.(selection.services);
    if (pieces === undefined) {
      throw new QuestionError('INVALID_REQUEST', `The kube-proxy of node "${node}" gives no transaction to nft.`, [
        {
          pointer: '/chains/format',
          detail: 'TRANSACTION is for nodes in nftables mode. RESTORE would be right here.',
        },
      ]);
    }
    for (const piece of pieces) budget.spend(piece.length);
    return [node, { text: pieces.map(decodeUtf8).join('') }];
  });
  return { own: new Map(own) };
}

function renderAll(
  question: ChainsQuestion,
  selection: Selection,
  programs: ReadonlyMap<string, NodeProgram>,
): Rendered {
  const limit = question.maxBytes ?? DEFAULT_MAX_BYTES;
  const [first] = [...programs.values()] as [NodeProgram];
  const rendering = renderingOf(first);
  switch (question.format ?? 'RESTORE') {
    case 'TRANSACTION':
      return renderTransaction(selection, programs, limit);
    case 'RESTORE':
      return renderRestore(selection, programs, limit);
    case 'SAVE':
      return render<ChainText>(
        {
          blocks: (program) => rendering.save(program, selection, question.flavour ?? 'NFT', new ByteBudget(limit)),
          content: textContent,
          part: (blocks) => ({ text: rendering.joinSaved(blocks, first) }),
        },
        programs,
        selection,
      );
    case 'LIST':
      return render<string>(
        {
          blocks: (program) => rendering.list(program, selection, new ByteBudget(limit)),
          content: (body) => body,
          part: (blocks) => ({
            text: rendering.joinListed?.(blocks, first) ?? blocks.map((block) => block.body).join('\n'),
          }),
        },
        programs,
        selection,
      );
    case 'RULES':
      return render<DataBlock['body']>(
        {
          blocks: (program) => rendering.data(program, selection, new ByteBudget(limit)),
          content: (body) => JSON.stringify(body),
          part: (blocks) => dataPart(blocks, first.mode),
        },
        programs,
        selection,
      );
  }
}

/** The size of a part, near enough to hold it against a limit. */
function sizeOf(part: AnyPart): number {
  return part.text?.length ?? JSON.stringify(part).length;
}

/** What a node's kube-proxy programs. Throws QuestionError UNSUPPORTED. */
export function programOf(prepared: Prepared, node: string, family: IPFamily): NodeProgram {
  const program = programNode(prepared.cluster, node, family, prepared.settings.proxyOf(node));
  renderingOf(program);
  return program;
}

/** The rules of one family on one node as one text: in the format asked for, RULES as SAVE. */
export function nodeText(prepared: Prepared, question: ChainsQuestion, node: string, family: IPFamily): string {
  const asText = question.format === 'RULES' ? { ...question, format: 'SAVE' as const } : question;
  const programs = new Map([[node, programOf(prepared, node, family)]]);
  return renderAll(asText, selectionOf(asText, prepared.settings), programs).own.get(node)?.text ?? '';
}

/** Nodes whose kube-proxies are of one version and mode and can share chains. */
function byVersion(prepared: Prepared, nodes: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const node of nodes) {
    const { mode, version } = prepared.settings.proxyOf(node);
    const key = `${mode} ${formatVersion(version)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [node]);
    else group.push(node);
  }
  return groups;
}

function holdsSomething({ text, tables, ipsets = {}, virtualServers = [], boundAddresses = [] }: ChainsPart): boolean {
  if (text !== undefined) return text !== '';
  return (
    tables?.length !== 0 || Object.keys(ipsets).length > 0 || virtualServers.length > 0 || boundAddresses.length > 0
  );
}

function checkChains(question: ChainsQuestion, parts: readonly ChainsPart[]): void {
  if (question.chains === undefined || parts.some(holdsSomething)) return;
  throw new QuestionError('NOT_FOUND', 'None of the chains asked for is there.', [
    {
      pointer: '/chains/chains',
      detail: `No node asked about has a chain named ${question.chains.slice(0, 5).join(' or ')}.`,
    },
  ]);
}

/** Which rules does a node carry? Throws QuestionError for unknown names, unsupported modes and answers too large. */
export function answerChains(prepared: Prepared, question: ChainsQuestion): Outcome<ChainsResult> {
  const { cluster, settings } = prepared;
  if (settings.unsupportedDataplane !== undefined)
    throw new QuestionError('UNSUPPORTED', settings.unsupportedDataplane);
  for (const [index, node] of (question.nodes ?? []).entries()) requireNode(cluster, node, `/chains/nodes/${index}`);
  for (const [index, service] of (question.services ?? []).entries()) {
    const [namespace = '', name = ''] = service.split('/');
    requireService(cluster, namespace, name, `/chains/services/${index}`);
  }
  const linux = [...cluster.nodes.values()].filter((node) => node.status?.nodeInfo?.operatingSystem !== 'windows');
  const nodes = [...new Set(question.nodes ?? linux.map((node) => node.metadata.name))];
  const selection = selectionOf(question, settings);
  const parts: ChainsPart[] = [];
  const limit = question.maxBytes ?? DEFAULT_MAX_BYTES;
  const answer = new ByteBudget(limit);
  const about = question.services?.flatMap((key) => cluster.services.get(key) ?? []) ?? [...cluster.services.values()];
  for (const family of question.families ?? familiesIn(cluster)) {
    if (question.chains === undefined && mustExceed(cluster, about, family, limit)) {
      const count = about.reduce((sum, service) => sum + endpointCount(cluster, namespacedName(service)), 0);
      throw tooLarge(`The answer is larger than ${limit} bytes: it has the rules of ${count} endpoints.`);
    }
    for (const members of byVersion(prepared, nodes).values()) {
      const programs = new Map(members.map((node) => [node, programOf(prepared, node, family)]));
      const endpoints = [...programs.values()][0]?.services.endpointTotal ?? 0;
      if (members.length > 1 && members.length * endpoints > MAX_COMPARED) {
        throw tooLarge(
          `Comparing the rules of ${members.length} nodes with ${endpoints} endpoints is more than one answer does.`,
        );
      }
      const { shared, own } = renderAll(question, selection, programs);
      for (const part of [...(shared === undefined ? [] : [shared]), ...own.values()]) answer.spend(sizeOf(part));
      const { mode, version: ofNodes } = prepared.settings.proxyOf(members[0] as string);
      const common = { family, mode, version: formatVersion(ofNodes) } as const;
      if (shared !== undefined) parts.push({ ...common, nodes: members, shared: true, ...shared });
      for (const [node, part] of own) parts.push({ ...common, nodes: [node], shared: false, ...part });
    }
  }
  checkChains(question, parts);
  return {
    result: { format: question.format ?? 'RESTORE', parts },
    assumptions: [],
    services: question.services ?? [...cluster.services.keys()],
    doors: [],
  };
}
