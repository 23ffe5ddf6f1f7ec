/*
 * Random flags in random contexts: the daemon over HTTP against flagd's own
 * evaluator for JavaScript in this process.
 *
 *   DIFF_COUNT   evaluations (3000)
 *   DIFF_SEED    where to begin (1); the same seed is the same run
 *
 * Where they differ, the table in lib/known.mjs has to say why. Anything else
 * fails, with the smallest flag and context that show it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Oracle, from_ofrep, same } from './lib/compare.mjs';
import { Daemon } from './lib/daemon.mjs';
import { context_of, document_of } from './lib/generate.mjs';
import { KNOWN, why } from './lib/known.mjs';
import { minimise } from './lib/minimise.mjs';
import { watch } from './lib/ofrep.mjs';
import { Random } from './lib/random.mjs';
import { Reference, inline } from './lib/reference.mjs';

const COUNT = Number(process.env.DIFF_COUNT ?? 3000);
const SEED = Number(process.env.DIFF_SEED ?? 1);
const FLAGS = 100;
const CONTEXTS = 10;
const SHOWN_MAX = 3;

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

async function ask(environment, context, key = '') {
  const response = await fetch(`${daemon.environment(environment)}/ofrep/v1/evaluate/flags/${key}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ context }),
  });

  return response.json();
}

/* All that there is to say about one evaluation. */
function case_of(document, key, context, answer, oracle) {
  return {
    targeting: inline(document.flags[key].targeting ?? {}, document.$evaluators ?? {}),
    context,
    key,
    ours: from_ofrep(answer),
    theirs: oracle.evaluate(key, context),
    reference: new Reference(document).evaluate(key, context),
  };
}

async function shows_difference({ flag, targeting, context }) {
  const document = { flags: { flag: { ...flag, targeting } } };

  await daemon.change(document, { environment: 'minimise', lenient: true });
  const found = case_of(document, 'flag', context, await ask('minimise', context, 'flag'), new Oracle(document));

  return !same(found.ours, found.theirs) && why(found) === undefined && found;
}

async function smallest(flag, found) {
  const { targeting, context } = found;
  const { state, variants, defaultVariant } = flag;
  const start = { flag: { state, variants, defaultVariant }, targeting, context };
  const least = (await shows_difference(start)) ? await minimise(start, shows_difference) : start;
  const { ours, theirs, reference } = (await shows_difference(least)) || found;

  return { targeting: least.targeting, context: least.context, key: 'flag', ours, theirs, reference };
}

test(`${COUNT} evaluations from seed ${SEED}`, async (t) => {
  const random = new Random(SEED);
  const counts = Object.fromEntries(KNOWN.map((row) => [row.name, 0]));
  const unknown = [];
  let evaluations = 0;
  let metadata = 0;

  await daemon.call('PUT', '/v1/envs/minimise', {});
  for (let batch = 0; evaluations < COUNT; batch++) {
    const document = document_of(random, FLAGS);
    const environment = `batch-${batch}`;
    const oracle = new Oracle(document);

    await daemon.call('PUT', `/v1/envs/${environment}`, {});
    await daemon.change(document, { environment, lenient: true });
    for (let i = 0; i < CONTEXTS; i++) {
      const context = context_of(random);
      const { flags } = await ask(environment, context);

      assert.equal(flags.length, FLAGS);
      for (const answer of flags) {
        const ours = from_ofrep(answer);
        const theirs = oracle.evaluate(answer.key, context);

        evaluations++;
        if (theirs.metadata) assert.deepEqual(ours.metadata, theirs.metadata, ++metadata);
        if (same(ours, theirs)) continue;
        const found = case_of(document, answer.key, context, answer, oracle);
        const row = why(found);

        if (row) counts[row.name]++;
        else if (unknown.length < SHOWN_MAX) unknown.push(await smallest(document.flags[answer.key], found));
      }
    }
    await daemon.call('DELETE', `/v1/envs/${environment}?name=${environment}`);
  }
  t.diagnostic(`${evaluations} evaluations, seed ${SEED}; the package differs for known reasons in`);
  for (const row of KNOWN) t.diagnostic(`  ${String(counts[row.name]).padStart(6)}  ${row.name}`);
  assert.equal(unknown.length, 0, unknown.map((u) => JSON.stringify(u, null, 1)).join('\n'));
});
