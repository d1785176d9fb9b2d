/**
 * A proxy mode as small as one can be, in the tiny language: a table, a chain at two hooks, a rule for each endpoint.
 */
import { encodeUtf8 } from '#platform';
import { remember } from '../../src/base/remember.js';
import { ZONE_LABEL } from '../../src/cluster/objects.js';
import type { ProxyMode } from '../../src/cluster/settings.js';
import { ENUMS } from '../../src/contract/gen/types.js';
import type { Chain, Origin, Rule, Ruleset } from '../../src/netfilter/ruleset.js';
import { addCauses } from '../../src/proxy/causes.js';
import type { NodeProgram, ProxierInput } from '../../src/proxy/node-program.js';
import { addMode } from '../../src/proxy/program.js';
import { selectEndpoints } from '../../src/proxy/select-endpoints.js';
import { serviceMap } from '../../src/proxy/service-map.js';
import type { EndpointSelection, ProxyEndpoint, ServicePort } from '../../src/proxy/service-port.js';
import type { ChainBlock } from '../../src/questions/chains/chain-blocks.js';
import type { Rendering, Selection } from '../../src/questions/chains/node-rules.js';
import { addRendering } from '../../src/questions/chains/renderings.js';
import { TINY, type Tiny } from './tiny-language.js';

/** The name under which requests ask for it, once {@link addTinyMode} was called. */
export const TINY_MODE = 'tiny' as ProxyMode;

const HOOKS = ['PREROUTING', 'OUTPUT'] as const;
const TABLE = 'tiny';

class TinyProgram implements NodeProgram {
  readonly mode = TINY_MODE;
  readonly nodePortAddresses = undefined;
  readonly healthCheckAddresses = undefined;
  readonly routeLocalnet = false;
  readonly services;
  readonly #selections = new WeakMap<ServicePort, EndpointSelection>();

  constructor(readonly input: ProxierInput) {
    this.services = serviceMap(input.cluster, input.family, input.settings);
  }

  get family() {
    return this.input.family;
  }

  selection(port: ServicePort): EndpointSelection {
    const { name, labels } = this.input.node.metadata;
    return remember(this.#selections, port, () => {
      const endpoints = this.services.endpointsSeenFrom(name, port);
      return selectEndpoints(endpoints, port, { name, zone: labels?.[ZONE_LABEL] ?? '' }, this.input.settings);
    });
  }

  /** One rule for each endpoint, the n-th from the end with a chance of one in n; without endpoints one that drops. */
  rulesOf(port: ServicePort, chain: string): readonly Rule[] {
    const { service, portName, protocol, clusterIP } = port;
    const origin: Origin = { service, portName, port: port.port, protocol };
    const to: Tiny = { kind: 'to', address: clusterIP, port: port.port, protocol };
    const rule = (own: Origin, ...statements: readonly Tiny[]): Rule => ({
      chain,
      statements: [to, ...statements],
      language: TINY,
      origin: own,
    });
    const { cluster } = this.selection(port);
    if (cluster.length === 0) return [rule(origin, { kind: 'send' })];
    return cluster.map(({ id, address, port: at }, index) => {
      const left = cluster.length - index;
      const toss: readonly Tiny[] = left > 1 ? [{ kind: 'toss', of: left }] : [];
      return rule({ ...origin, endpoint: id }, ...toss, { kind: 'send', address, port: at });
    });
  }

  ruleset(): Ruleset {
    const baseChains = HOOKS.map(
      (hook): Chain => ({
        name: hook.toLowerCase(),
        base: { type: 'nat', hook, priority: -100, policy: 'ACCEPT' },
        ordered: true,
        rules: this.services.ports().flatMap((port) => this.rulesOf(port, hook.toLowerCase())),
      }),
    );
    const table = {
      name: TABLE,
      chain: (name: string) => baseChains.find((chain) => chain.name === name),
      chains: () => baseChains,
      baseChains,
    };
    return { family: this.family, language: TINY, tables: [table] };
  }

  restorePieces(services?: ReadonlySet<string>): readonly Uint8Array[] {
    const ports = this.services.ports().filter(({ service }) => services?.has(service) ?? true);
    return ports.map((port) => encodeUtf8(this.programText(port)));
  }

  programText(port: ServicePort): string {
    return this.rulesOf(port, 'prerouting')
      .map((rule) => `${TINY.textOf(rule, { family: this.family })}\n`)
      .join('');
  }

  affinityKey(port: ServicePort, endpoint: ProxyEndpoint): string {
    return `${port.id} ${endpoint.id}`;
  }
}

function blocks<T>(
  program: NodeProgram,
  { services, chains }: Selection,
  bodyOf: (chain: Chain, rules: readonly Rule[]) => T,
): readonly ChainBlock<T>[] {
  const { tables } = program.ruleset({ kubelet: false, forwardPolicy: 'ACCEPT' });
  return tables.flatMap((table) =>
    [...table.chains()]
      .filter(({ name }) => chains?.has(name) ?? true)
      .map((chain) => {
        const rules = chain.rules.filter(({ origin }) => services === undefined || services.has(origin?.service ?? ''));
        return { table: table.name, chain: chain.name, body: bodyOf(chain, rules) };
      }),
  );
}

const textOf = (rule: Rule) => TINY.textOf(rule, { family: 'IPv4' });
const lines = (rules: readonly Rule[]) => rules.map((rule) => `${textOf(rule)}\n`).join('');

const RENDERING: Rendering = {
  cut: (text) => [{ table: TABLE, chain: 'prerouting', body: { declaration: '', rules: text } }],
  join: (given) => given.map(({ body }) => body.rules).join(''),
  save: (program, selection) =>
    blocks(program, selection, ({ name }, rules) => ({ declaration: `${name}\n`, rules: lines(rules) })),
  joinSaved: (given) => given.map(({ body }) => body.declaration + body.rules).join(''),
  list: (program, selection) => blocks(program, selection, ({ name }, rules) => `${name}\n${lines(rules)}`),
  data: (program, selection) =>
    blocks(program, selection, ({ name }, rules) => ({
      name,
      rules: rules.map((rule) => ({ text: textOf(rule), written: textOf(rule), statements: rule.statements })),
    })),
  rules: (program, selection) => blocks(program, selection, (_, rules) => rules),
};

/** Makes the mode known to every question. */
export function addTinyMode(): void {
  // Stands for a new value in openapi/.
  (ENUMS['KubeProxySettings.mode'] as unknown as string[]).push(TINY_MODE);
  addMode(TINY_MODE, (input) => new TinyProgram(input));
  addCauses(TINY.name, () => 'NO_ENDPOINTS');
  addRendering(TINY_MODE, RENDERING);
}
