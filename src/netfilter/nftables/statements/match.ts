import type { IPFamily } from '../../../base/address.js';
import type { Packet } from '../../packet.js';
import type { WalkContext } from '../../walk/walk-context.js';
import { saveElements } from '../elements.js';
import { type DrawnValue, isDrawn } from '../expression-codec.js';
import { statusHolds } from '../expressions/ct.js';
import { evaluate, save, typesOf, write } from '../expressions/index.js';
import { interfaceWay } from '../expressions/meta.js';
import { chanceOf } from '../expressions/numgen.js';
import { savedValue } from '../expressions/value.js';
import { interfaceIs } from '../interface-test.js';
import { findIn, isIncomplete, namedSet, saveSet, writeSet } from '../set-lookup.js';
import type { Concat, Match } from '../types.js';
import { compareValues, holdsValue, type ValueType } from '../values.js';
import { BREAK, type Done, ON, type StatementCodec, UNDECIDED } from './statement-codec.js';

function isOperatorShown({ left, right, operator }: Match): boolean {
  if (right.kind === 'masked') return false;
  // Without the operator the two texts would read as one expression.
  return operator !== '==' || left.kind === 'binary';
}

function writeRight({ right }: Match): string {
  if (right.kind === 'masked') return right.text;
  if (right.kind === 'reference' || right.kind === 'set') return writeSet(right);
  return right.kind === 'flags' ? right.values.join(',') : write(right);
}

function saveRight({ left, right }: Match, family: IPFamily): string {
  if (right.kind === 'masked') return right.text;
  const types = typesOf(left, family);
  // nft writes a set of one as its only element, unless that is a concatenation.
  if (right.kind === 'set' && !right.isListed && right.elements.length === 1 && types.length === 1)
    return saveElements(right.elements, types, true).join();
  if (right.kind === 'reference' || right.kind === 'set') return saveSet(right, types);
  if (right.kind === 'flags') return right.values.join(',');
  return right.kind === 'value' ? savedValue(right.text, types[0] ?? 'name') : save(right);
}

/** A test that may not be known: true, false or undefined. */
type Holds = boolean | undefined;

function anyOf(tests: Iterable<Holds>): Holds {
  let unknown = false;
  for (const test of tests) {
    if (test === true) return true;
    if (test === undefined) unknown = true;
  }
  return unknown ? undefined : false;
}

function textsOf({ right }: Match, context: WalkContext): readonly string[] | undefined {
  if (right.kind === 'value') return [right.text];
  if (right.kind === 'flags') return right.values;
  const elements =
    right.kind === 'set'
      ? right.elements
      : right.kind === 'reference'
        ? namedSet(right, context)?.elements()
        : undefined;
  return elements === undefined ? undefined : [...elements].map(({ key }) => key[0] ?? '');
}

/** Interfaces are compared by the walk's environment, which may not know what they are called. */
function interfaceTest(match: Match, way: 'in' | 'out', packet: Packet, context: WalkContext): Holds {
  const names = textsOf(match, context);
  if (names === undefined) return undefined;
  return anyOf(names.map((text) => interfaceIs(text, way, packet, context)));
}

/** `ct state new,established`, `ct status dnat`: whether any of the bits is set. */
function flagTest(match: Match, packet: Packet): Holds {
  if (match.left.kind !== 'ct') return undefined;
  const { right } = match;
  const values = right.kind === 'flags' ? right.values : right.kind === 'value' ? [right.text] : [];
  if (match.left.key === 'status') return anyOf(values.map((bit) => statusHolds(bit, packet)));
  return values.includes(packet.connection.state.toLowerCase());
}

function isFlagTest({ left, right }: Match): boolean {
  if (left.kind !== 'ct' || (left.key !== 'state' && left.key !== 'status')) return false;
  return right.kind === 'flags' || right.kind === 'value';
}

function holds(match: Match, value: readonly string[], types: readonly ValueType[], context: WalkContext): Holds {
  const { right } = match;
  switch (right.kind) {
    case 'reference':
    case 'set': {
      if (isIncomplete(right, context)) return undefined;
      const own = right.kind === 'reference' ? namedSet(right, context) : undefined;
      if (findIn(right, value, types, context) !== undefined) return true;
      return own?.flags?.includes('dynamic') === true ? isRemembered(own.name, value, context) : false;
    }
    case 'flags':
      return right.values.some((text) => holdsValue(text, value[0] ?? '', types[0] ?? 'name'));
    case 'value':
      return holdsValue(right.text, value[0] ?? '', types[0] ?? 'name');
    case 'masked':
      // The flags of the field are the parts of its value.
      return right.mask.every((flag) => right.values.includes(flag) === value.includes(flag));
    case 'concat':
      return concatHolds(right, value, types);
    default:
      return undefined;
  }
}

function concatHolds({ parts }: Concat, value: readonly string[], types: readonly ValueType[]): Holds {
  return parts.every((part, i) => part.kind === 'value' && holdsValue(part.text, value[i] ?? '', types[i] ?? 'name'));
}

/** Whether rules have put the key into the set: those of this walk, or of earlier packets. */
function isRemembered(set: string, [key = '']: readonly string[], { recents, environment }: WalkContext): boolean {
  for (let change = recents; change !== undefined; change = change.previous) {
    if (change.list === set && change.address === key) return change.present;
  }
  return environment.recentHolds(set, key);
}

function ordered(match: Match, value: readonly string[], types: readonly ValueType[]): Holds {
  const { right, operator } = match;
  if (right.kind !== 'value') return undefined;
  const order = compareValues(value[0] ?? '', right.text, types[0] ?? 'name');
  if (order === undefined) return undefined;
  if (operator === '<') return order < 0;
  if (operator === '>') return order > 0;
  return operator === '<=' ? order <= 0 : order >= 0;
}

function test(match: Match, value: readonly string[], types: readonly ValueType[], context: WalkContext): Holds {
  if (match.operator === '==') return holds(match, value, types, context);
  if (match.operator !== '!=') return ordered(match, value, types);
  const held = holds(match, value, types, context);
  return held === undefined ? undefined : !held;
}

/** `numgen random mod 10 < 3`: by chance, as many outcomes as hold. */
function drawn(match: Match, { draw, at }: DrawnValue, types: readonly ValueType[], context: WalkContext): Done {
  let from = -1;
  let to = -1;
  for (let outcome = 0; outcome < draw.modulus; outcome++) {
    const value = at(outcome);
    const held = value === undefined ? false : test(match, value, types, context);
    if (held === undefined) return UNDECIDED;
    if (!held) continue;
    if (from < 0) from = outcome;
    else if (outcome !== to) return UNDECIDED;
    to = outcome + 1;
  }
  if (from < 0) return BREAK;
  return from === 0 && to === draw.modulus ? ON : { step: 'CHANCE', chance: chanceOf(draw, from, to) };
}

function doneOf(held: Holds): Done {
  return held === undefined ? UNDECIDED : held ? ON : BREAK;
}

/** `expression [operator] value`: the rule goes on where it holds. */
export const match: StatementCodec<Match> = {
  write(statement) {
    const operator = isOperatorShown(statement) ? `${statement.operator} ` : '';
    return `${write(statement.left)} ${operator}${writeRight(statement)}`;
  },
  save(statement, family) {
    const operator = isOperatorShown(statement) ? `${statement.operator} ` : '';
    return `${save(statement.left)} ${operator}${saveRight(statement, family)}`;
  },
  apply(statement, packet, context) {
    const { left, operator } = statement;
    const way = left.kind === 'meta' ? interfaceWay(left) : undefined;
    if (way !== undefined) {
      const held = interfaceTest(statement, way, packet, context);
      return doneOf(held === undefined ? undefined : held !== (operator === '!='));
    }
    if (isFlagTest(statement)) {
      const held = flagTest(statement, packet);
      return doneOf(held === undefined ? undefined : held !== (operator === '!='));
    }
    const value = evaluate(left, packet, context);
    if (value === 'ABSENT') return BREAK;
    if (value === undefined) return UNDECIDED;
    const types = typesOf(left, packet.family);
    if (isDrawn(value)) return drawn(statement, value, types, context);
    return doneOf(test(statement, value, types, context));
  },
};
