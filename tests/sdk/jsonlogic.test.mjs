/*
 * The classic suite of JsonLogic, through the whole server: each case is a flag
 * whose rule says whether it came to what it should. Cases whose data is no
 * object have no context that could carry it; the unit tests run those too.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Daemon } from './lib/daemon.mjs';
import { watch } from './lib/ofrep.mjs';

/* From the source tree, or from a copy of this folder below build/. */
const SUITE = ['../cases/eval/vendor/jsonlogic.json', '../../tests/cases/eval/vendor/jsonlogic.json']
  .map((path) => new URL(path, import.meta.url))
  .find((path) => existsSync(path));

let daemon;
let seen;

before(async () => {
  seen = watch();
  daemon = await Daemon.start();
});

after(async () => {
  await daemon.stop();
  seen.verdict();
});

const is_scalar = (value) => value === null || typeof value !== 'object';
const is_context = (data) => data === undefined || data === null || (typeof data === 'object' && !Array.isArray(data));
const text_of = (value) => (value === null ? '' : String(value));

/* Arrays are the same when their lengths and the texts of their elements are. */
function holds(rule, result) {
  if (is_scalar(result)) return { '===': [rule, result] };
  if (!Array.isArray(result) || !result.every(is_scalar)) return undefined;
  const joined = { cat: [{ var: 'accumulator' }, '|', { var: 'current' }] };

  return {
    and: [
      { '===': [{ reduce: [rule, { '+': [{ var: 'accumulator' }, 1] }, 0] }, result.length] },
      { '===': [{ reduce: [rule, joined, ''] }, result.map((x) => `|${text_of(x)}`).join('')] },
    ],
  };
}

test('the classic suite of JsonLogic', async (t) => {
  const cases = JSON.parse(readFileSync(SUITE)).filter((one) => typeof one !== 'string');
  const flags = {};
  const asked = [];

  for (const [i, { rule, data, result }] of cases.entries()) {
    const condition = holds(rule, result);

    if (condition === undefined || !is_context(data)) continue;
    asked.push({ key: `case-${i}`, rule, data, result });
    flags[`case-${i}`] = {
      state: 'ENABLED',
      variants: { yes: true, no: false },
      defaultVariant: 'no',
      targeting: { if: [condition, 'yes', 'no'] },
    };
  }
  await daemon.change({ flags }, { lenient: true });
  const failed = [];

  for (const one of asked) {
    const response = await fetch(`${daemon.url}/ofrep/v1/evaluate/flags/${one.key}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ context: one.data ?? {} }),
    });
    const answer = await response.json();

    if (answer.value !== true) failed.push({ ...one, answer });
  }
  t.diagnostic(`${asked.length - failed.length} of ${asked.length} cases hold; ${cases.length - asked.length} have no context`);
  assert.deepEqual(failed, []);
  assert.ok(asked.length > 200);
});
