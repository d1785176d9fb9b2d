/** Calico's selectors: whom they match, and what is not understood. */
import t from 'tap';
import { matchesCalico } from '../../src/cluster/calico-selector.js';

const LABELS = { app: 'db', tier: 'back', 'example.com/role': 'a b', in: 'x' };

const CASES: readonly (readonly [selector: string, matches: boolean | undefined])[] = [
  ['', true],
  ['  ', true],
  ['all()', true],
  ['all( )', true],
  ['global()', false],
  ["app == 'db'", true],
  ['app=="db"', true],
  ["app == 'web'", false],
  ["app != 'web'", true],
  ["gone != 'web'", true],
  ["gone == 'web'", false],
  ["example.com/role == 'a b'", true],
  ['has(app)', true],
  ['has( example.com/role )', true],
  ['!has(app)', false],
  ['! has(gone)', true],
  ["app in {'db', 'web'}", true],
  ['app in {"web"}', false],
  ['app in {}', false],
  ["app not in {'db'}", false],
  ["app not  in { 'web' , 'api' }", true],
  ["gone not in {'web'}", true],
  ["gone in {'web'}", false],
  ["app contains 'd'", true],
  ["app contains 'x'", false],
  ["tier starts with 'ba'", true],
  ["tier ends with 'ck'", true],
  ["gone starts with 'b'", false],
  ["app == 'db' && tier == 'front'", false],
  ["app == 'web' || tier == 'back'", true],
  // And binds more tightly than or.
  ["app == 'db' || app == 'db' && app == 'web'", true],
  ["(app == 'db' || app == 'db') && app == 'web'", false],
  ["!(app == 'web' || has(gone))", true],
  ["app == 'db' && !(tier in {'front', 'middle'})", true],
  // A name may begin as an operator does.
  ["inner == 'x'", false],
  // Not understood: it may match.
  ['app', undefined],
  ["app = 'db'", undefined],
  ["app == 'db' &&", undefined],
  ["app == 'db", undefined],
  ["app in {'db'", undefined],
  ['app in db', undefined],
  ["(app == 'db'", undefined],
  ["app == 'db')", undefined],
  ["app matches 'd.'", undefined],
  ['some()', undefined],
];

for (const [selector, matches] of CASES) t.equal(matchesCalico(LABELS, selector), matches, JSON.stringify(selector));
t.equal(matchesCalico({}, "__proto__ == 'x' || has(constructor)"), false, 'only labels that are there count');
