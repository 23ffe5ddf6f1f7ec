/*
 * A second opinion, for where the first oracle's engine goes its own way: the
 * original JsonLogic in JavaScript, with flagd's operators, and what flagd does
 * differently, written here from their description. An evaluation ends as the
 * other oracle's does.
 */
import jsonLogic from 'json-logic-js';
import semver from 'semver';

const WEIGHT_MAX = 2147483647;
const missing = (value) => value === null || value === undefined;
const rotate = (x, by) => (x << by) | (x >>> (32 - by));

/* MurmurHash3, 32 bits, seed 0, of the UTF-8 bytes. */
export function murmur3(text) {
  const bytes = Buffer.from(text, 'utf8');
  const mix = (k) => Math.imul(rotate(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593);
  const whole = bytes.length & ~3;
  let hash = 0;
  let tail = 0;

  for (let i = 0; i < whole; i += 4)
    hash = (Math.imul(rotate(hash ^ mix(bytes.readInt32LE(i)), 13), 5) + 0xe6546b64) | 0;
  for (let i = bytes.length - 1; i >= whole; i--) tail = (tail << 8) | bytes[i];
  hash ^= mix(tail) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function share(entry) {
  if (!Array.isArray(entry) || entry.length === 0) return null;
  const weight = missing(entry[1]) ? 1 : entry[1];

  if (typeof weight !== 'number' || !Number.isInteger(weight) || weight > WEIGHT_MAX) return null;
  const variant = missing(entry[0]) || typeof entry[0] === 'object' ? null : entry[0];
  return { variant, weight: Math.max(0, weight) };
}

/* A list of shares may stand without what to bucket by. */
function fractional(...args) {
  const by_default = Array.isArray(args[0]);
  const key = this?.targetingKey;
  let by = args[0];

  if (by_default) by = typeof key === 'string' && key !== '' ? this.$flagd.flagKey + key : null;
  if (typeof by !== 'string') return null;
  const shares = (by_default ? args : args.slice(1)).map(share);
  if (shares.includes(null)) return null;
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0 || total > WEIGHT_MAX) return null;
  const bucket = Number((BigInt(murmur3(by)) * BigInt(total)) >> 32n);
  let end = 0;
  return shares.find(({ weight }) => bucket < (end += weight)).variant;
}

function version_of(value) {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const text = String(value).replace(/^[vV]/, '');
  const padded = /^\d+$/.test(text) ? `${text}.0.0` : /^\d+\.\d+$/.test(text) ? `${text}.0` : text;

  return semver.parse(padded);
}

const COMPARISONS = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '^': (_, a, b) => a.major === b.major,
  '~': (_, a, b) => a.major === b.major && a.minor === b.minor,
};

function sem_ver(...args) {
  const [a, b] = [version_of(args[0]), version_of(args[2])];

  if (args.length !== 3 || !a || !b || !Object.hasOwn(COMPARISONS, args[1])) return null;
  return COMPARISONS[args[1]](semver.compare(a, b), a, b);
}

const of_texts =
  (test) =>
  (...args) =>
    args.length === 2 && args.every((x) => typeof x === 'string') ? test(...args) : null;

/* --- where flagd is not JavaScript ---------------------------------------- */

/* Only arrays and objects have members. */
function lookup(path, otherwise = null) {
  let at = this;

  if (missing(path) || path === '') return at;
  for (const name of String(path).split('.')) {
    const has = Array.isArray(at) ? /^\d+$/.test(name) && Number(name) < at.length : at !== null && typeof at === 'object' && Object.hasOwn(at, name);

    if (!has) return otherwise;
    at = at[name];
  }
  return missing(at) ? otherwise : at;
}

/* Texts are of characters, and null is the empty one. */
function substr(source, start, length) {
  const text = [...(missing(source) ? '' : String(source))].slice(start);

  if (length === undefined) return text.join('');
  return text.slice(0, length < 0 ? text.length + length : length).join('');
}

/* The empty text is in every text, null in none. */
function contains(what, where) {
  if (typeof where === 'string') return !missing(what) && where.includes(String(what));
  return Array.isArray(where) && where.indexOf(what) >= 0;
}

/* A product of one factor is a number too. */
const product = (...factors) => factors.reduce((result, factor) => result * parseFloat(factor), 1);

const OPERATIONS = {
  fractional,
  sem_ver,
  starts_with: of_texts((a, b) => a.startsWith(b)),
  ends_with: of_texts((a, b) => a.endsWith(b)),
  var: lookup,
  substr,
  in: contains,
  '*': product,
};

for (const [name, operation] of Object.entries(OPERATIONS)) jsonLogic.add_operation(name, operation);

export function inline(rule, segments) {
  if (Array.isArray(rule)) return rule.map((part) => inline(part, segments));
  if (rule === null || typeof rule !== 'object') return rule;
  if (Object.hasOwn(rule, '$ref')) return segments[rule.$ref];
  return Object.fromEntries(Object.entries(rule).map(([name, part]) => [name, inline(part, segments)]));
}

export class Reference {
  constructor(document) {
    this.document = document;
  }

  evaluate(key, context) {
    const { state, variants, defaultVariant, targeting } = this.document.flags[key];
    const by_default = (reason) =>
      missing(defaultVariant) ? { reason: 'DEFAULT' } : { reason, variant: defaultVariant, value: variants[defaultVariant] };
    let result;

    if (state === 'DISABLED') return { reason: 'DISABLED' };
    if (!targeting || Object.keys(targeting).length === 0) return by_default('STATIC');
    try {
      result = jsonLogic.apply(inline(targeting, this.document.$evaluators ?? {}), { ...context, $flagd: { flagKey: key } });
    } catch (error) {
      return { reason: 'ERROR', error: 'THROWN', result: error.message };
    }
    if (missing(result)) return by_default('DEFAULT');
    if (typeof result === 'object') return { reason: 'ERROR', error: 'GENERAL' };
    result = String(result);
    if (Object.hasOwn(variants, result)) return { reason: 'TARGETING_MATCH', variant: result, value: variants[result] };
    return { reason: 'ERROR', error: 'GENERAL', result };
  }
}
