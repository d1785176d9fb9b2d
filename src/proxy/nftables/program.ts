import { decodeUtf8 } from '#platform';
import { remember } from '../../base/remember.js';
import { saveElement } from '../../netfilter/nftables/elements.js';
import { NFTABLES } from '../../netfilter/nftables/language.js';
import { listTable } from '../../netfilter/nftables/list.js';
import { saveRule } from '../../netfilter/nftables/statements/index.js';
import type { ValueType } from '../../netfilter/nftables/values.js';
import type { Ruleset, Table } from '../../netfilter/ruleset.js';
import { keptRules } from '../kept-rules.js';
import type { NodeProgram, ProxierInput, RulesetOptions } from '../node-program.js';
import { NodeSelections } from '../node-selections.js';
import type { ClusterServiceMap } from '../service-map.js';
import { serviceMap } from '../service-map.js';
import type { EndpointSelection, ProxyEndpoint, ServicePort } from '../service-port.js';
import { type RenderContext, renderContext } from './context.js';
import { setUp } from './fixed-rules.js';
import { loadedObjects, objectText } from './listing.js';
import { portNames } from './names.js';
import { type Operation, type OperationList, TABLE_COMMENT, tableText } from './operations.js';
import { portOperations } from './port-rules.js';
import { dumpPieces, transactionPieces } from './restore.js';
import { kubeProxyTable } from './ruleset.js';
import { WrittenPorts } from './written-ports.js';

/** The tables of other languages on the node: what iptables holds beside kube-proxy's own table. */
export type TablesBeside = (options: RulesetOptions) => readonly Table[];

/** What one node's kube-proxy of one family programs in nftables mode. */
export class NftablesProgram implements NodeProgram {
  readonly mode = 'nftables';
  readonly input: ProxierInput;
  readonly services: ClusterServiceMap;
  readonly #selections: NodeSelections;
  #context: RenderContext | undefined;
  #setUp: OperationList | undefined;
  readonly #beside: TablesBeside;
  readonly #rulesets = new Map<string, Ruleset>();

  constructor(input: ProxierInput, beside: TablesBeside = () => []) {
    this.#beside = beside;
    const { cluster, family, settings } = input;
    this.input = input;
    this.services = serviceMap(cluster, family, settings);
    this.#selections = new NodeSelections(input, this.services);
  }

  get family() {
    return this.input.family;
  }

  /** What the rules of all ports depend on. */
  get context(): RenderContext {
    this.#context ??= renderContext(this.input);
    return this.#context;
  }

  /** What is made whatever Services there are. */
  get setUp(): OperationList {
    this.#setUp ??= setUp(this.context);
    return this.#setUp;
  }

  selection(port: ServicePort): EndpointSelection {
    return this.#selections.of(port);
  }

  readonly isLocal = ({ node }: ProxyEndpoint): boolean => node !== '' && node === this.#selections.place.name;

  /** What one Service port adds, made anew at each call. */
  portOperations(port: ServicePort): OperationList {
    return portOperations(port, this.selection(port), this.context, this.isLocal);
  }

  /** The whole transaction, or what some Services (`namespace/name`) have in it. */
  *operations(services?: ReadonlySet<string>): Iterable<Operation> {
    yield* this.setUp.operations;
    // Since 1.31 an element is added only where it is not there yet.
    const added = this.context.traits.partial ? new Map<string, Set<string>>() : undefined;
    for (const port of this.services.ports()) {
      if (services !== undefined && !services.has(port.service)) continue;
      for (const operation of this.portOperations(port).operations) {
        if (added !== undefined && operation.kind === 'element') {
          const keys = remember(added, operation.set.name, () => new Set<string>());
          const key = operation.element.key.join(' ');
          if (keys.has(key)) continue;
          keys.add(key);
        }
        yield operation;
      }
    }
  }

  /** What is loaded after the first full sync, as a dump of objects: UTF-8, in pieces to be joined. */
  restorePieces(services?: ReadonlySet<string>): readonly Uint8Array[] {
    const all = this.services.ports();
    const operationsOf = (port: ServicePort) => this.portOperations(port).operations;
    const setUp = this.setUp.operations;
    if (services !== undefined) {
      const ports = all.filter(({ service }) => services.has(service));
      return dumpPieces(this.context, setUp, { ports, operationsOf });
    }
    return keptRules('nftables', this.input, () => {
      const written = new WrittenPorts(this.context, this.#selections.place, (port) => this.selection(port));
      return dumpPieces(this.context, setUp, { ports: all, operationsOf, written });
    });
  }

  /** The text given to `nft -f -` at the first full sync. */
  transactionPieces(services?: ReadonlySet<string>): readonly Uint8Array[] {
    return transactionPieces(this.context, this.operations(services));
  }

  get nodePortAddresses(): readonly string[] | undefined {
    return this.context.nodePortAddresses;
  }

  get healthCheckAddresses(): readonly string[] | undefined {
    const { nodePortAddresses } = this.context;
    return nodePortAddresses?.length === 0 ? undefined : nodePortAddresses;
  }

  /** Node ports are never translated on 127.0.0.1 in this mode. */
  get routeLocalnet(): boolean {
    return false;
  }

  programText(port: ServicePort): string {
    const lines: string[] = [];
    for (const operation of this.portOperations(port).operations) {
      if (operation.kind === 'rule') lines.push(`${operation.rule.chain} ${saveRule(operation.rule, port.family)}`);
      else if (operation.kind === 'element') {
        lines.push(`@${operation.set.name} ${saveElement(operation.element, operation.set.type as ValueType[])}`);
      } else if (operation.kind === 'chain') lines.push(operation.chain.name);
      else if (operation.kind === 'set') lines.push(`@${operation.set.name} ${operation.set.timeout}`);
    }
    return lines.join('\n');
  }

  /** The set of an endpoint's clients. */
  affinityKey(port: ServicePort, endpoint: ProxyEndpoint): string {
    return portNames(port).affinity(endpoint);
  }

  ruleset(options: RulesetOptions): Ruleset {
    const key = `${options.kubelet} ${options.forwardPolicy} ${JSON.stringify(options.ipMasq)}`;
    let ruleset = this.#rulesets.get(key);
    if (ruleset === undefined) {
      // Chains of one hook are called by priority, whatever wrote them.
      const tables = [kubeProxyTable(this), ...this.#beside(options)];
      ruleset = { family: this.family, language: NFTABLES, tables };
      this.#rulesets.set(key, ruleset);
    }
    return ruleset;
  }

  /** What is loaded, as `nft -s list ruleset` shows it. */
  listing(services?: ReadonlySet<string>): string {
    const objects = loadedObjects(this.operations(services)).map((object) => objectText(object, this.family));
    return listTable(tableText(this.family), TABLE_COMMENT, objects);
  }

  restore(services?: ReadonlySet<string>): string {
    return this.restorePieces(services).map(decodeUtf8).join('');
  }
}
