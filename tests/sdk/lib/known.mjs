/*
 * Where the package and the daemon differ, and why the daemon is right. A row
 * counts only for evaluations in which the second opinion is the daemon's, but
 * for one marked `alone`.
 *
 * To add one: know from flagd's description or source who is right.
 */
import { same } from './compare.mjs';

const is_astral = /[\u{10000}-\u{10ffff}]/u;
const is_ascii = /^[\x00-\x7f]*$/; // eslint-disable-line no-control-regex

function uses(rule, ...names) {
  if (rule === null || typeof rule !== 'object') return false;
  return Object.entries(rule).some(
    ([name, part]) => (!Array.isArray(rule) && names.includes(name)) || uses(part, ...names),
  );
}

function operands_of(rule, operator) {
  if (rule === null || typeof rule !== 'object') return [];
  return Object.entries(rule).flatMap(([name, part]) => [
    ...(name === operator && Array.isArray(part) ? [part] : []),
    ...operands_of(part, operator),
  ]);
}

const member_of = (context, path) => String(path).split('.').reduce((at, name) => at?.[name], context);
const text_of = ({ targeting, context }) => JSON.stringify([targeting, context]);

export const KNOWN = [
  {
    name: 'it throws for operands that are no numbers, no arrays, no texts, where JsonLogic coerces; it throws for flagd\'s operators inside of map, filter, reduce, all, some, none',
    applies: ({ theirs }) => theirs.error !== undefined && theirs.result === undefined,
  },
  {
    name: 'it hashes UTF-16 code units; flagd hashes UTF-8',
    applies: (found) => uses(found.targeting, 'fractional') && !is_ascii.test(text_of(found)),
  },
  {
    name: 'a targetingKey that is no text it makes one; in flagd the split is null',
    applies: ({ targeting, context }) => uses(targeting, 'fractional') && typeof context.targetingKey !== 'string',
  },
  {
    name: 'a weight that is null it refuses; in flagd it is 1',
    applies: ({ targeting }) =>
      operands_of(targeting, 'fractional').some((shares) => shares.some((s) => Array.isArray(s) && typeof s[1] === 'object')),
  },
  {
    name: 'an array that the context has where a text to split by is expected is a share, in flagd too; here it is no text, so null',
    alone: true,
    applies: ({ targeting, context }) =>
      operands_of(targeting, 'fractional').some(([by]) => by?.var && Array.isArray(member_of(context, by.var))),
  },
  {
    name: 'the sign of a zero that went through max, min or * and then divided something',
    alone: true,
    applies: ({ targeting, theirs }) =>
      theirs.result === undefined && operands_of(targeting, '/').some((args) => uses(args, 'max', 'min', '*')),
  },
  {
    name: 'substr counts UTF-16 code units; flagd counts characters',
    applies: (found) => uses(found.targeting, 'substr') && is_astral.test(text_of(found)),
  },
  {
    name: 'cat makes "null" of null; JsonLogic makes it empty',
    applies: ({ targeting }) => uses(targeting, 'cat'),
  },
  {
    name: 'null equals 0 and false, and counts as 0 in a sum; in JsonLogic it does not',
    applies: ({ targeting }) => uses(targeting, '==', '!=', '+', '*'),
  },
  {
    name: 'var finds the characters of a text; in flagd a text has no members',
    applies: ({ targeting }) => uses(targeting, 'var', 'missing', 'missing_some'),
  },
  {
    name: 'an empty text is in no text, null in those with \"null\" in them; in flagd it is, and is not',
    applies: ({ targeting }) => uses(targeting, 'in'),
  },
  {
    name: 'all of what is no array it says is true; in JsonLogic it is false',
    applies: ({ targeting }) => uses(targeting, 'all'),
  },
  {
    name: 'an array that a rule returns it joins to the name of a variant; flagd does not',
    applies: ({ ours }) => ours.error === 'GENERAL' && ours.result === undefined,
  },
];

export function why(found) {
  const agreed = same(found.ours, found.reference);

  return KNOWN.find((row) => (agreed || row.alone) && row.applies(found));
}
