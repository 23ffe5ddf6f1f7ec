/*
 * What an evaluation costs in flagd's evaluator for Node.js, in process, for the
 * shapes of rule that tests/bench/eval.c measures.
 */
import { FlagdCore } from '@openfeature/flagd-core';

const variants = { on: true, off: false };
const branches = (n) =>
  n === 0 ? 'off' : { if: [{ '==': [{ var: 'plan' }, `plan-${n}`] }, 'on', branches(n - 1)] };
const flags = {
  'static toggle': {},
  'one attribute': { targeting: { if: [{ '==': [{ var: 'plan' }, 'gold'] }, 'on', 'off'] } },
  'three attributes': {
    targeting: {
      if: [
        {
          and: [
            { '==': [{ var: 'plan' }, 'gold'] },
            { ends_with: [{ var: 'email' }, '@example.com'] },
            { '>=': [{ var: 'age' }, 18] },
          ],
        },
        'on',
        'off',
      ],
    },
  },
  fractional: { targeting: { fractional: [['on', 25], ['off', 75]] } },
  '20 branches': { targeting: branches(20) },
};
const context = { targetingKey: 'user-1', plan: 'gold', email: 'ann@example.com', age: 30 };
const silent = { error() {}, warn() {}, info() {}, debug() {} };
const core = new FlagdCore(undefined, silent);

core.setConfigurations(
  JSON.stringify({
    flags: Object.fromEntries(
      Object.entries(flags).map(([key, flag]) => [
        key,
        { state: 'ENABLED', variants, defaultVariant: 'off', ...flag },
      ]),
    ),
  }),
);
for (const key of Object.keys(flags)) {
  const run = (n) => {
    for (let i = 0; i < n; i++) core.resolveBooleanEvaluation(key, false, context, silent);
  };
  run(20_000);
  const rounds = 100_000;
  const began = process.hrtime.bigint();
  run(rounds);
  const ns = Number(process.hrtime.bigint() - began) / rounds;
  console.log(`flagd-core  ${key.padEnd(20)} ${ns.toFixed(1).padStart(10)} ns`);
}
