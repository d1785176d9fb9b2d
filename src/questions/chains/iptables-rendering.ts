import type { ChainData } from '../../contract/answers.js';
import { listChain, referencesOf } from '../../netfilter/iptables/list.js';
import { printedChains, printedTables, saveRule } from '../../netfilter/iptables/save.js';
import type { Chain, Rule, Ruleset, Table } from '../../netfilter/ruleset.js';
import type { NodeProgram } from '../../proxy/node-program.js';
import { type ChainBlock, type ChainText, cutTables, joinTables } from './chain-blocks.js';
import { chainData } from './chain-data.js';
import type { ByteBudget, Rendering, Selection } from './node-rules.js';

function wantedRules(chain: Chain, selection: Selection): readonly Rule[] {
  const { services } = selection;
  return services === undefined
    ? chain.rules
    : chain.rules.filter((rule) => rule.origin !== undefined && services.has(rule.origin.service));
}

function wanted(
  table: Table,
  selection: Selection,
): readonly { readonly chain: Chain; readonly rules: readonly Rule[] }[] {
  return printedChains(table)
    .filter((chain) => selection.chains?.has(chain.name) ?? true)
    .map((chain) => ({ chain, rules: wantedRules(chain, selection) }))
    .filter(({ rules }) => selection.services === undefined || rules.length > 0);
}

/** The node's rules as the kernel has them, built-in chains included; kubelet's are not kube-proxy's to show. */
function programmed(program: NodeProgram, { ipMasq }: Selection): Ruleset {
  return program.ruleset({ kubelet: false, forwardPolicy: 'ACCEPT', ipMasq });
}

function saveBlocks(
  program: NodeProgram,
  selection: Selection,
  flavour: 'NFT' | 'LEGACY',
  budget: ByteBudget,
): readonly ChainBlock<ChainText>[] {
  return printedTables(programmed(program, selection), flavour).flatMap((table) =>
    wanted(table, selection).map(({ chain, rules }) => {
      let text = '';
      for (const rule of rules) {
        const line = saveRule(rule, program.family);
        budget.spend(line.length + 1);
        text += `${line}\n`;
      }
      const declaration = `:${chain.name} ${chain.base?.policy ?? '-'} [0:0]\n`;
      return { table: table.name, chain: chain.name, body: { declaration, rules: text } };
    }),
  );
}

/** Each chain as `iptables -t TABLE -L CHAIN -n` prints it. nat comes first: it is where people look. */
function listBlocks(program: NodeProgram, selection: Selection, budget: ByteBudget): readonly ChainBlock<string>[] {
  return [...programmed(program, selection).tables].reverse().flatMap((table) => {
    const references = referencesOf(table);
    return wanted(table, selection).map(({ chain, rules }) => {
      const shown = rules.length === chain.rules.length ? chain : { ...chain, name: chain.name, rules, ordered: false };
      const body = listChain(shown, program.family, references.get(chain.name) ?? 0);
      budget.spend(body.length);
      return { table: table.name, chain: chain.name, body };
    });
  });
}

/** The rules of each chain, with what they were written for. */
function ruleBlocks(program: NodeProgram, selection: Selection): readonly ChainBlock<readonly Rule[]>[] {
  return programmed(program, selection).tables.flatMap((table) =>
    wanted(table, selection).map(({ chain, rules }) => ({ table: table.name, chain: chain.name, body: rules })),
  );
}

// A rule's data is its text twice and its statements: about this much of JSON for each character of text.
const DATA_PER_CHARACTER = 5;

function dataBlocks(program: NodeProgram, selection: Selection, budget: ByteBudget): readonly ChainBlock<ChainData>[] {
  return programmed(program, selection).tables.flatMap((table) =>
    wanted(table, selection).map(({ chain, rules }) => {
      for (const rule of rules) budget.spend(saveRule(rule, program.family).length * DATA_PER_CHARACTER);
      return { table: table.name, chain: chain.name, body: chainData(chain, rules, program.family) };
    }),
  );
}

/** Rules of iptables. */
export const IPTABLES_RENDERING: Rendering = {
  cut: cutTables,
  join: joinTables,
  save: saveBlocks,
  joinSaved: joinTables,
  list: listBlocks,
  data: dataBlocks,
  rules: ruleBlocks,
};
