/* Waiting for a condition, never for a time. */
import assert from 'node:assert/strict';

const STEP_MS = 5;
const DEADLINE_MS = 20000; /* a busy machine's */

export async function until(what, condition, deadline_ms = DEADLINE_MS) {
  const end = Date.now() + deadline_ms;

  while (!(await condition())) {
    assert.ok(Date.now() < end, `not within ${deadline_ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

export async function within(what, promise, deadline_ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${deadline_ms} ms: ${what}`)), deadline_ms);
  });

  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
