import type { IPFamily } from '../../../base/address.js';
import { protocolNumber } from '../../protocols.js';
import { NO, UNKNOWN, verdictOf } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, type Option, optionOf, RuleError } from '../match-codec.js';
import { checkNetwork, listedNetwork, networkHolds } from '../networks.js';
import type { IpvsMatch } from '../statements.js';

/** The options by their place in what the kernel prints (libxt_ipvs). */
type Part = readonly [text: string, negated: boolean | undefined];

const METHODS = ['GATE', 'IPIP', 'MASQ'] as const;
const METHOD_OF = { ROUTE: 'GATE', TUNNEL: 'IPIP', MASQUERADE: 'MASQ' } as const;

function address(match: IpvsMatch, family: IPFamily): string {
  return listedNetwork(match.address?.text ?? '', family);
}

function partsOf(match: IpvsMatch, protocol: (name: string) => string, shownAddress: string): Part[] {
  const { member, port, direction, method, controlPort } = match;
  const parts: Part[] = [];
  if (member !== undefined) parts.push(['ipvs', member.negated]);
  if (match.protocol !== undefined) parts.push([`vproto ${protocol(match.protocol.name)}`, match.protocol.negated]);
  if (match.address !== undefined) parts.push([`vaddr ${shownAddress}`, match.address.negated]);
  if (port !== undefined) parts.push([`vport ${port.number}`, port.negated]);
  if (direction !== undefined) parts.push([`vdir ${direction}`, false]);
  if (method !== undefined) parts.push([`vmethod ${method.name}`, method.negated]);
  if (controlPort !== undefined) parts.push([`vportctl ${controlPort.number}`, controlPort.negated]);
  return parts;
}

const numbered = (name: string) => String(protocolNumber(name) ?? name);

function portOf(option: Option): { readonly number: number; readonly negated?: boolean } {
  const [text = ''] = option.values;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw new RuleError(`"${text}" is not a port from 0 to 65535`);
  return { number: Number(text), ...negation(option) };
}

function oneOf<T extends string>(option: Option, names: readonly T[]): T {
  const value = names.find((name) => name === option.values[0]?.toUpperCase());
  if (value === undefined) throw new RuleError(`${option.name} takes ${names.join(', ')}`);
  return value;
}

/**
 * `-m ipvs`: whether IPVS has sent the packet on, and for which virtual server (xt_ipvs). A packet that it has not sent
 * on matches `! --ipvs` alone.
 */
export const ipvs: MatchCodec<IpvsMatch> = {
  place: 'module',
  modules: ['ipvs'],
  options: { '--ipvs': 0, '--vproto': 1, '--vaddr': 1, '--vport': 1, '--vdir': 1, '--vmethod': 1, '--vportctl': 1 },
  parse(options, { family }) {
    const of = (name: string) => optionOf(options, name);
    const [vproto, vaddr, vport, vdir] = [of('--vproto'), of('--vaddr'), of('--vport'), of('--vdir')];
    const [vmethod, vportctl, member] = [of('--vmethod'), of('--vportctl'), of('--ipvs')];
    if (options.length === 0) throw new RuleError('-m ipvs needs at least one of its options');
    const protocol = vproto?.values[0] ?? '';
    if (vproto !== undefined && protocolNumber(protocol) === undefined)
      throw new RuleError(`"${protocol}" is not a protocol`);
    // Every other option implies --ipvs, which the kernel then does not print.
    const alone = options.every(({ name }) => name === '--ipvs');
    return {
      kind: 'ipvs',
      ...(alone && { member: negation(member) }),
      ...(vproto && { protocol: { name: protocol, ...negation(vproto) } }),
      ...(vaddr && { address: { text: checkNetwork(vaddr.values[0] ?? '', family), ...negation(vaddr) } }),
      ...(vport && { port: portOf(vport) }),
      ...(vdir && { direction: oneOf(vdir, ['ORIGINAL', 'REPLY']) }),
      ...(vmethod && { method: { name: oneOf(vmethod, METHODS), ...negation(vmethod) } }),
      ...(vportctl && { controlPort: portOf(vportctl) }),
    };
  },
  write(match) {
    const parts = partsOf(match, (name) => name, match.address?.text ?? '');
    // kube-proxy writes the address before the protocol.
    const at = parts.findIndex(([text]) => text.startsWith('vaddr '));
    const first = at < 0 ? [] : parts.splice(at, 1);
    return `-m ipvs ${[...first, ...parts].map(([text, negated]) => `${not(negated)}--${text}`).join(' ')}`;
  },
  save(match, family) {
    const parts = partsOf(match, numbered, address(match, family));
    return `-m ipvs ${parts.map(([text, negated]) => `${not(negated)}--${text}`).join(' ')}`;
  },
  list: (match, family) =>
    partsOf(match, numbered, address(match, family))
      .map(([text, negated]) => `${not(negated)}${text}`)
      .join(' '),
  test(match, { balanced, protocol, connection }) {
    if (match.member !== undefined) return verdictOf(balanced !== undefined, match.member.negated);
    if (balanced === undefined) return NO;
    if (match.controlPort !== undefined) return UNKNOWN;
    const holds = (option: { readonly negated?: boolean } | undefined, is: () => boolean) =>
      option === undefined || is() !== (option.negated === true);
    const { direction, method } = match;
    const all =
      holds(match.protocol, () => protocolNumber(match.protocol?.name ?? '') === protocolNumber(protocol)) &&
      holds(match.address, () => networkHolds(match.address?.text ?? '', balanced.address)) &&
      holds(match.port, () => match.port?.number === balanced.port) &&
      (direction === undefined || (direction === 'REPLY') === (connection.direction === 'REPLY')) &&
      holds(method, () => method?.name === METHOD_OF[balanced.forwarding]);
    return verdictOf(all, false);
  },
};
