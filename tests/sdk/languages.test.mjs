/*
 * The SDKs of other languages, unmodified, each with its OFREP provider. The
 * program in the language's folder is told the address and a header, and for
 * each line of its input
 *
 *   {type, key, default, context}
 *
 * writes one of {value, variant, reason, error, message, metadata}.
 *
 * LANGUAGES names the folder of what `build` made of them; a language whose
 * toolchain is not there has no program, and is skipped.
 *
 * To add a language: a folder with a `build` that writes `run`, and a row in
 * LANGUAGES.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { Daemon } from './lib/daemon.mjs';
import { DOCUMENT } from './lib/flags.mjs';

const DEADLINE_MS = 60000;
const LIMITED = /limit|TooMany|too many/i; /* 429, in each client's words */
const BIG = 2 ** 31 - 1; /* what an int of every language can hold */

/* What a client makes of answers that are right; none of it can be the server's
 * to mend. To add a row: the case, and what stands in the client's source. */
const LANGUAGES = {
  python: {},
  go: {
    /* No value and no reason DISABLED: it looks for the type of nothing. */
    undecided: { reason: 'ERROR', error: 'TYPE_MISMATCH' },
    'undecided object': { value: null },
    /* It takes any value for an object, and 10.0 for an integer. */
    'boolean as object': { value: true, reason: 'STATIC', error: '', variant: 'on' },
    'text as object': { value: 'grüß 🌍 "dich"\n', reason: 'STATIC', error: '', variant: 'hi' },
    'whole real as integer': { value: 10, reason: 'STATIC', error: '', variant: 'ten' },
    'whole as float': { value: 10, reason: 'STATIC', error: '', variant: 'ten' },
  },
  java: {
    /* What has no value is not there, whatever the reason. */
    disabled: { reason: 'ERROR', error: 'FLAG_NOT_FOUND' },
    'disabled string': { reason: 'ERROR', error: 'FLAG_NOT_FOUND' },
    'disabled object': { reason: 'ERROR', error: 'FLAG_NOT_FOUND' },
    undecided: { reason: 'ERROR', error: 'FLAG_NOT_FOUND' },
    'undecided object': { reason: 'ERROR', error: 'FLAG_NOT_FOUND' },
    /* It puts the key into the path as it is. */
    'key with a space': { error: 'GENERAL' },
    'boolean as object': { value: true, reason: 'STATIC', error: '', variant: 'on' },
    'text as object': { value: 'grüß 🌍 "dich"\n', reason: 'STATIC', error: '', variant: 'hi' },
    /* Every 400 is the context's fault. */
    broken: { error: 'INVALID_CONTEXT' },
    astray: { error: 'INVALID_CONTEXT' },
  },
};

const ask = (type, key, fallback, context) => ({ type, key, default: fallback, context });
const is = (value, variant, reason = 'STATIC') => ({ value, variant, reason, error: '' });
const no = (value, error) => ({ value, variant: '', reason: 'ERROR', error });

const OBJECT = { deep: [1, { x: null }], title: 'T' };
const TYPED = {
  targetingKey: 'u1',
  age: 42,
  ratio: 0.25,
  beta: true,
  list: ['a', 'b'],
  user: { address: { city: 'Köln' } },
};

/* To add a case: its name, what is asked and what is to be answered. */
const CASES = {
  boolean: [ask('boolean', 'bool', false), is(true, 'on')],
  string: [ask('string', 'text', ''), is('grüß 🌍 "dich"\n', 'hi')],
  integer: [ask('integer', 'whole', 0), is(10, 'ten')],
  'large integer': [ask('integer', 'big', 0), is(BIG, 'value')],
  float: [ask('float', 'real', 0), is(0.5, 'half')],
  'float that is whole': [ask('float', 'declared', 0), is(10, 'ten')],
  'float among wholes': [ask('float', 'mixed', 0), is(10, 'ten')],
  object: [ask('object', 'object', {}), is(OBJECT, 'a')],
  zero: [ask('integer', 'zero', 7), is(0, 'zero')],
  'empty string': [ask('string', 'empty', 'x'), is('', 'empty')],
  false: [ask('boolean', 'targeted', true), is(false, 'off', 'DEFAULT')],
  disabled: [ask('boolean', 'disabled', true), is(true, '', 'DISABLED')],
  'disabled string': [ask('string', 'disabled', 'mine'), is('mine', '', 'DISABLED')],
  'disabled object': [ask('object', 'disabled', { a: 1 }), is({ a: 1 }, '', 'DISABLED')],
  'off by hand': [ask('boolean', 'killed', true, { plan: 'gold' }), is(false, 'off')],
  'off by hand after it was disabled': [ask('boolean', 'killed-again', true), is(false, 'off')],
  'a value by hand': [ask('string', 'by-hand', ''), is('bye', 'bye')],
  undecided: [ask('boolean', 'undecided', true), is(true, '', 'DEFAULT')],
  'undecided object': [ask('object', 'undecided', { a: 1 }), is({ a: 1 }, '', 'DEFAULT')],
  missing: [ask('boolean', 'no-such-flag', true), no(true, 'FLAG_NOT_FOUND')],
  'missing object': [ask('object', 'no-such-flag', { a: 1 }), no({ a: 1 }, 'FLAG_NOT_FOUND')],
  'key with a space': [ask('boolean', 'a b', true), no(true, 'FLAG_NOT_FOUND')],
  'key of other letters': [ask('boolean', 'ключ', true), no(true, 'FLAG_NOT_FOUND')],
  'key with every sign': [ask('string', 'a.b:c~d-e_f', ''), is('odd', 'value')],
  'boolean as string': [ask('string', 'bool', 'x'), no('x', 'TYPE_MISMATCH')],
  'boolean as object': [ask('object', 'bool', { a: 1 }), no({ a: 1 }, 'TYPE_MISMATCH')],
  'text as integer': [ask('integer', 'text', 3), no(3, 'TYPE_MISMATCH')],
  'text as object': [ask('object', 'text', { a: 1 }), no({ a: 1 }, 'TYPE_MISMATCH')],
  'real as integer': [ask('integer', 'real', 3), no(3, 'TYPE_MISMATCH')],
  'whole real as integer': [ask('integer', 'declared', 3), no(3, 'TYPE_MISMATCH')],
  'whole as float': [ask('float', 'whole', 3), no(3, 'TYPE_MISMATCH')],
  'object as boolean': [ask('boolean', 'object', true), no(true, 'TYPE_MISMATCH')],
  broken: [ask('boolean', 'broken', true), no(true, 'PARSE_ERROR')],
  astray: [ask('boolean', 'astray', false), no(false, 'GENERAL')],
  match: [ask('boolean', 'targeted', false, { targetingKey: 'u1', plan: 'gold' }), is(true, 'on', 'TARGETING_MATCH')],
  'no match': [ask('boolean', 'targeted', true, { targetingKey: 'u1', plan: 'iron' }), is(false, 'off', 'DEFAULT')],
  'no key': [ask('boolean', 'targeted', false, { plan: 'gold' }), is(true, 'on', 'TARGETING_MATCH')],
  segment: [ask('string', 'segmented', '', { email: 'ada@example.org' }), is('staff', 'staff', 'TARGETING_MATCH')],
  'every type of attribute': [ask('boolean', 'typed', false, TYPED), is(true, 'true', 'TARGETING_MATCH')],
  split: [ask('string', 'split', '', { targetingKey: 'user-0' }), is('b', 'b', 'TARGETING_MATCH')],
  'split again': [ask('string', 'split', '', { targetingKey: 'user-3' }), is('a', 'a', 'TARGETING_MATCH')],
  'split of other letters': [ask('string', 'split', '', { targetingKey: 'ключ' }), is('b', 'b', 'TARGETING_MATCH')],
  'split without a key': [ask('string', 'split', '', { plan: 'gold' }), is('a', 'a', 'DEFAULT')],
};

const MORE = {
  toggles: {
    big: { value: BIG },
    'a.b:c~d-e_f': { value: 'odd' },
    killed: { defaultVariant: 'on', targeting: { if: [{ '==': [{ var: 'plan' }, 'gold'] }, 'on'] }, serve: 'off' },
    'killed-again': { serve: 'off', held: { state: 'DISABLED', defaultVariant: 'on' } },
    'by-hand': { variants: { hi: 'hi', bye: 'bye' }, defaultVariant: 'hi', serve: 'bye' },
    declared: { type: 'float', variants: { ten: 10 }, defaultVariant: 'ten' },
    mixed: { variants: { ten: 10, half: 0.5 }, defaultVariant: 'ten' },
    typed: {
      targeting: {
        and: [
          { '===': [{ var: 'targetingKey' }, 'u1'] },
          { '===': [{ var: 'age' }, 42] },
          { '===': [{ var: 'ratio' }, 0.25] },
          { '===': [{ var: 'beta' }, true] },
          { in: ['b', { var: 'list' }] },
          { '===': [{ var: 'user.address.city' }, 'Köln'] },
        ],
      },
      variants: { true: true, false: false },
      defaultVariant: 'false',
    },
  },
};

async function answers_of(program, asks, ...where) {
  const child = spawn(program, where, { stdio: ['pipe', 'pipe', 'pipe'], timeout: DEADLINE_MS, killSignal: 'SIGKILL' });
  const exited = once(child, 'close');
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);

  child.stdin.on('error', () => {}); /* its end says why */
  child.stdin.end(asks.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const [out, log] = await outputs;

  assert.deepEqual(await exited, [0, null], log);
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const plain = ({ value, variant, reason, error }) => ({
  value,
  variant: variant ?? '',
  reason: reason ?? '',
  error: error ?? '',
});

async function started(t) {
  const daemon = await Daemon.start();

  t.after(() => daemon.stop());
  await daemon.change(DOCUMENT, { lenient: true });
  await daemon.change(MORE);
  return daemon;
}

async function evaluations(t, program, deviations) {
  const daemon = await started(t);
  const asks = Object.values(CASES).map(([one]) => one);
  const answers = await answers_of(program, asks, daemon.url);
  const faults = [];

  assert.equal(answers.length, asks.length);
  for (const [i, [name, [, wanted]]] of Object.entries(CASES).entries()) {
    try {
      assert.deepEqual(plain(answers[i]), { ...wanted, ...deviations[name] });
    } catch (error) {
      faults.push(`${name}: ${answers[i].message ?? ''} ${error.message}`);
    }
  }
  assert.equal(faults.length, 0, faults.join('\n'));
  assert.deepEqual(answers[0].metadata, { team: 'shop', version: 2, beta: true });
}

/* Beside its own environment, and where it may not ask or has asked too often. */
async function access(t, program) {
  const daemon = await started(t);
  const bool = CASES.boolean[0];

  await daemon.call('PUT', '/v1/envs/staging', { metadata: { owner: 'ops' } });
  await daemon.lock();
  const { token } = await daemon.client_token('shop');
  const { token: stage } = await daemon.client_token('stage', { environments: ['staging'] });

  await daemon.change({ toggles: { bool: { value: true } } }, { environment: 'staging' });
  const tried = async (...where) => (await answers_of(program, [bool], ...where))[0];
  const refused = async (...where) => assert.deepEqual(plain(await tried(...where)), no(false, 'GENERAL'));

  assert.equal((await tried(daemon.url, 'Authorization', `Bearer ${token}`)).value, true);
  assert.equal((await tried(`${daemon.url}/`, 'X-API-Key', token)).value, true);
  for (const base of [daemon.environment('staging'), `${daemon.environment('staging')}/`, daemon.url])
    assert.deepEqual((await tried(base, 'X-API-Key', stage)).metadata, { owner: 'ops' });
  await refused(daemon.environment('staging'), 'X-API-Key', token);
  await refused(daemon.url);
  const asks = Array.from({ length: 40 }, () => bool);
  const answers = await answers_of(program, asks, daemon.url, 'Authorization', 'Bearer tgd_wrong');

  for (const answer of answers) assert.deepEqual(plain(answer), no(false, 'GENERAL'));
  /* Nine more are free, then the client knows when it may come again. */
  assert.ok(
    answers.slice(0, 9).every(({ message }) => !LIMITED.test(message)),
    answers[8].message,
  );
  assert.ok(
    answers.some(({ message }) => LIMITED.test(message)),
    answers.at(-1).message,
  );
}

for (const [language, deviations] of Object.entries(LANGUAGES)) {
  const program = join(process.env.LANGUAGES ?? '', language, 'run');
  const skip = existsSync(program) ? false : `no ${language}`;

  test(`${language} evaluates`, { skip }, (t) => evaluations(t, program, deviations));
  test(`${language} shows its token`, { skip }, (t) => access(t, program));
}
