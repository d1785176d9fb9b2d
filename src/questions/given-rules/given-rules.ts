/** The rules of nodes that a question gives, instead of those that kube-proxy would write. */
import type { IPFamily } from '../../base/address.js';
import { pointer, QuestionError } from '../../base/errors.js';
import { requireNode } from '../../cluster/lookup.js';
import type { PathQuestion } from '../../contract/requests.js';
import { besideEachOther } from '../../netfilter/beside.js';
import { type IpSets, parseIpsets } from '../../netfilter/ipset.js';
import { parseSave } from '../../netfilter/iptables/parse.js';
import { parseIpvsadm } from '../../netfilter/ipvs/parse.js';
import type { VirtualServer } from '../../netfilter/ipvs/types.js';
import { parseRuleset } from '../../netfilter/nftables/parse.js';
import type { Ruleset } from '../../netfilter/ruleset.js';
import type { FabricOptions } from '../../path/fabric.js';
import type { Prepared } from '../prepare.js';
import { givenBalancer } from './given-balancer.js';

/**
 * What the question says that nodes really carry, for one family. Throws QuestionError NOT_FOUND for a node that is
 * there neither before the changes nor after, INVALID_REQUEST for rules given twice, MALFORMED for a text that cannot
 * be read.
 */
export function givenRules(
  prepared: Prepared,
  question: Pick<PathQuestion, 'iptablesSave' | 'nodeRules'>,
  family: IPFamily,
  kind: 'path' | 'probability',
): Required<Pick<FabricOptions, 'rulesets' | 'ipsets' | 'partial' | 'bound' | 'listed'>> &
  Pick<FabricOptions, 'rulesFrom'> {
  const { cluster, earlier, rulesFrom } = prepared;
  const rulesets = new Map<string, Ruleset>();
  const ipsets = new Map<string, IpSets>();
  const partial = new Set<string>();
  const listed = new Set<string>();
  const read = (node: string, text: string, at: string) => {
    rulesets.set(node, parseSave(text, family, at));
    // iptables-nft prints it as a comment where it finds tables of the older flavour.
    if (/^# Warning: ip6?tables-legacy tables present/m.test(text)) partial.add(node);
  };
  const check = (node: string, at: string) => {
    if (earlier?.cluster.nodes.has(node) !== true) requireNode(cluster, node, at);
  };
  for (const [node, text] of Object.entries(question.iptablesSave ?? {})) {
    const at = pointer(kind, 'iptablesSave', node);
    check(node, at);
    read(node, text, at);
  }
  const servers = new Map<string, readonly VirtualServer[]>();
  for (const [node, { iptablesSave, ipset, nft, ipvsadm }] of Object.entries(question.nodeRules ?? {})) {
    check(node, pointer(kind, 'nodeRules', node));
    const at = pointer(kind, 'nodeRules', node, 'iptablesSave');
    if (iptablesSave !== undefined && rulesets.has(node)) {
      const detail = `The rules of ${node} are given twice: in nodeRules and in iptablesSave.`;
      throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: at, detail }]);
    }
    if (iptablesSave !== undefined) read(node, iptablesSave, at);
    if (nft !== undefined) {
      const own = parseRuleset(nft, family, pointer(kind, 'nodeRules', node, 'nft'));
      const saved = rulesets.get(node);
      if (saved === undefined) listed.add(node);
      rulesets.set(node, saved === undefined ? own : besideEachOther(own, saved));
    }
    if (ipset !== undefined) ipsets.set(node, parseIpsets(ipset, pointer(kind, 'nodeRules', node, 'ipset')));
    if (ipvsadm === undefined) continue;
    const listing = pointer(kind, 'nodeRules', node, 'ipvsadm');
    servers.set(node, parseIpvsadm(ipvsadm, family, listing));
    if (rulesets.has(node)) continue;
    const detail =
      `The virtual servers of ${node} are walked with its rules: give ` + 'its iptables-save too, and its ipset save.';
    throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: listing, detail }]);
  }
  const bound = new Map<string, ReadonlySet<string>>();
  for (const [node, ruleset] of rulesets) {
    const given = givenBalancer(prepared, family, ruleset, servers.get(node), ipsets.get(node));
    if (given === undefined) continue;
    rulesets.set(node, { ...ruleset, balancers: [given.balancer] });
    bound.set(node, given.bound);
  }
  return { rulesets, ipsets, partial, bound, listed, ...(rulesFrom === undefined ? {} : { rulesFrom }) };
}
