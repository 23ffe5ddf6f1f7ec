/*
 * flagd's own Gherkin suites, each row one call over HTTP.
 *
 *   FLAGD_TESTBED=CHECKOUT TOGGLED=BINARY node testbed.mjs
 *
 * The checkout of open-feature/flagd-testbed is read where it lies; nothing of
 * it is kept here. What a provider does with the answer is done here: no value
 * is the code's default, a value of another type TYPE_MISMATCH.
 *
 * Suites that test providers and not servers (connections, events, caches,
 * configuration) are passed over, and so are rows of the first `fractional`,
 * which no release has any more.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Daemon } from './lib/daemon.mjs';
import { rows_of } from './lib/gherkin.mjs';
import { watch } from './lib/ofrep.mjs';

/* Where features lie, and where the flags that they speak of. */
const SUITES = [
  { name: 'evaluator', features: 'evaluator/gherkin', flags: 'evaluator/flags' },
  { name: 'provider', features: 'gherkin', flags: 'flags' },
];
const FEATURES = /^(disabled|errors|evaluation|evaluator-refs|fractional|metadata|no-default-variant|precision|semver|string|targeting)\.feature$/;

/* Of these either another set of flags is meant, or a file of a test's own. */
const FLAGS_APART = /^(selector|allFlags|changing)/;

const CONVERT = {
  Boolean: (text) => text === 'true',
  String: (text) => text,
  Integer: (text) => new Digits(text),
  Long: (text) => new Digits(text),
  Float: (text) => new Digits(text),
  Object: (text) => JSON.parse(text.replaceAll('\\"', '"')),
};
const TYPE = { Boolean: 'boolean', String: 'string', Integer: 'number', Long: 'number', Float: 'number', Object: 'object' };

/* A number goes out as it is written: 1.0 is not 1. */
class Digits {
  constructor(text) {
    this.text = text;
  }
}

function encode(value) {
  if (value instanceof Digits) return value.text;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}:${encode(part)}`)}}`;
}

const decode = (value) => (value instanceof Digits ? JSON.parse(value.text) : value);

/* --- the steps ------------------------------------------------------------ */

/* To add one: its sentence, and what it does to the case. */
const STEPS = [
  [/^an evaluator$|^a stable flagd provider$|^an option "cache" /, () => {}],
  [/^an option "selector" /, (c) => (c.skipped = 'a selector of files')],
  [
    /^an? (\w+)-flag with key "(.*)" and a (?:fallback|default) value "(.*)"$/s,
    (c, [type, key, fallback]) => Object.assign(c, { type, key, fallback: decode(CONVERT[type](fallback)) }),
  ],
  [
    /^a context containing a key "(.*)", with type "(\w+)" and with value "(.*)"$/s,
    (c, [key, type, value]) => (c.context[key] = CONVERT[type](value)),
  ],
  [/^a context containing a targeting key with value "(.*)"$/s, (c, [value]) => (c.context.targetingKey = value)],
  [
    /^a context containing a nested property with outer key "(.*)" and inner key "(.*)", with value "(.*)"$/s,
    (c, [outer, inner, value]) => (c.context[outer] = { ...c.context[outer], [inner]: value }),
  ],
  [/^the flag was evaluated with details$/, async (c) => (c.details = await evaluate(c))],
  [
    /^the resolved details value should be "(.*)"$/s,
    (c, [value]) => assert.deepEqual(c.details.value, decode(CONVERT[c.type](value))),
  ],
  [/^the reason should be "(.*)"$/, (c, [reason]) => assert.equal(c.details.reason, reason)],
  [/^the error-code should be "(.*)"$/, (c, [code]) => assert.equal(c.details.errorCode ?? '', code)],
  [/^the variant should be "(.*)"$/, (c, [variant]) => assert.equal(c.details.variant, variant)],
  [
    /^the resolved metadata should contain$/,
    (c, _, table) => {
      for (const row of table)
        assert.deepEqual(c.details.metadata[row.key], decode(CONVERT[row.metadata_type](row.value)), row.key);
    },
  ],
  [/^the resolved metadata is empty$/, (c) => assert.deepEqual(c.details.metadata, {})],
];

async function evaluate({ base, key, type, fallback, context }) {
  const response = await fetch(`${base}/ofrep/v1/evaluate/flags/${encodeURIComponent(key)}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: `{"context":${encode(context)}}`,
  });
  const { value, reason, variant, errorCode, metadata } = await response.json();

  if (errorCode) return { value: fallback, reason: 'ERROR', errorCode, metadata };
  if (value === undefined) return { value: fallback, reason, variant, metadata };
  if (typeof value !== TYPE[type]) return { value: fallback, reason: 'ERROR', errorCode: 'TYPE_MISMATCH', metadata };
  return { value, reason, variant, metadata };
}

async function run_row(row, base) {
  const state = { context: {}, base, skipped: undefined };

  for (const { text, table } of row.steps) {
    const step = STEPS.map(([sentence, run]) => [sentence.exec(text), run]).find(([match]) => match);

    if (!step) return `a step of providers: ${text}`;
    await step[1](state, step[0].slice(1), table);
    if (state.skipped) return state.skipped;
  }
  return undefined;
}

/* --- the run -------------------------------------------------------------- */

/* Read as text, numbers keep their kind: 10.0 is not 10. */
async function import_files(daemon, directory, environment) {
  const base = daemon.environment(environment);

  for (const name of readdirSync(directory).filter((n) => n.endsWith('.json') && !FLAGS_APART.test(n)).sort()) {
    const response = await fetch(`${base}/changes?lenient=true`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: readFileSync(join(directory, name)),
    });

    assert.ok(response.ok, `${name}: ${await response.text()}`);
  }
}

const setting_of = (tags) => (tags.includes('@fractional-v3') ? 'v3' : 'v2');

export async function run(checkout) {
  const seen = watch();
  const daemon = await Daemon.start();
  const report = [];

  try {
    for (const suite of SUITES.filter((s) => existsSync(join(checkout, s.features)))) {
      const features = join(checkout, suite.features);
      const flags = join(checkout, suite.flags);

      for (const fractional of ['v2', 'v3']) {
        await daemon.call('PUT', `/v1/envs/${suite.name}-${fractional}`, { fractional });
        await import_files(daemon, flags, `${suite.name}-${fractional}`);
      }
      for (const name of readdirSync(features).filter((n) => FEATURES.test(n)).sort()) {
        const counts = { file: join(suite.features, name), passed: 0, skipped: {}, failures: [] };
        const skip = (reason) => (counts.skipped[reason] = (counts.skipped[reason] ?? 0) + 1);

        report.push(counts);
        for (const row of rows_of(readFileSync(join(features, name), 'utf8'))) {
          if (row.tags.includes('@fractional-v1')) {
            skip('the first fractional');
            continue;
          }
          try {
            const reason = await run_row(row, daemon.environment(`${suite.name}-${setting_of(row.tags)}`));

            if (reason) skip(reason);
            else counts.passed++;
          } catch (error) {
            counts.failures.push({ row: row.name, steps: row.steps.map((s) => s.text), error: error.message });
          }
        }
      }
    }
  } finally {
    await daemon.stop();
  }
  seen.verdict();
  return report;
}

function print(report) {
  for (const { file, passed, skipped, failures } of report) {
    console.log(`${file}: ${passed} passed, ${failures.length} failed`);
    for (const [reason, count] of Object.entries(skipped)) console.log(`  ${count} passed over: ${reason}`);
    for (const failure of failures) console.log(`  FAILED ${failure.row}\n    ${failure.steps.join('\n    ')}\n    ${failure.error}`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const report = await run(process.env.FLAGD_TESTBED);

  print(report);
  process.exitCode = report.some((r) => r.failures.length) ? 1 : 0;
}
