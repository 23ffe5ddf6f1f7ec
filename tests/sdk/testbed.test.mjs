/* flagd's Gherkin suites, where FLAGD_TESTBED names a checkout of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

const checkout = process.env.FLAGD_TESTBED;

test('the suites of flagd', { skip: checkout ? false : 'FLAGD_TESTBED names no checkout of flagd-testbed' }, async (t) => {
  const { run } = await import('./testbed.mjs');
  const report = await run(checkout);

  for (const { file, passed, failures } of report) t.diagnostic(`${file}: ${passed} passed, ${failures.length} failed`);
  assert.deepEqual(
    report.flatMap((r) => r.failures),
    [],
  );
});
