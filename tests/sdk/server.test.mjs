/*
 * The server SDK: one call for each evaluation. Its published provider was
 * written for OFREP 0.1, so what came later (no value: the code's default) is
 * also asked through the client of 0.3.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { OFREPApi, handleEvaluationError, toResolutionDetails } from 'ofrep-core-2';
import { Daemon } from './lib/daemon.mjs';
import { DOCUMENT } from './lib/flags.mjs';
import { watch } from './lib/ofrep.mjs';

let daemon;
let seen;
let client;
let api;

before(async () => {
  seen = watch();
  daemon = await Daemon.start();
  await daemon.change(DOCUMENT, { lenient: true });
  await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: daemon.url }));
  client = OpenFeature.getClient();
  api = new OFREPApi({ baseUrl: daemon.url });
});

after(async () => {
  await OpenFeature.close();
  await daemon.stop();
  seen.verdict();
});

/* As the provider of 0.3 does it. */
async function resolve(key, fallback, context) {
  const result = await api.postEvaluateFlag(key, { context });

  return result.httpStatus === 200
    ? toResolutionDetails(result.value, fallback)
    : handleEvaluationError(result.value, fallback);
}

test('a boolean with its variant, reason and metadata', async () => {
  const details = await client.getBooleanDetails('bool', false);

  assert.equal(details.value, true);
  assert.equal(details.variant, 'on');
  assert.equal(details.reason, 'STATIC');
  assert.equal(details.errorCode, undefined);
  assert.deepEqual({ ...details.flagMetadata }, { team: 'shop', version: 2, beta: true });
});

test('a string, with what JSON has to escape', async () => {
  assert.equal(await client.getStringValue('text', ''), 'grüß 🌍 "dich"\n');
});

test('numbers, whole and real', async () => {
  assert.equal(await client.getNumberValue('whole', 0), 10);
  assert.equal(await client.getNumberValue('real', 0), 0.5);
});

test('an object, as deep as it was written', async () => {
  assert.deepEqual(await client.getObjectValue('object', {}), { deep: [1, { x: null }], title: 'T' });
});

test('values that are falsy are values', async () => {
  assert.equal((await client.getNumberDetails('zero', 7)).value, 0);
  assert.equal((await client.getStringDetails('empty', 'x')).value, '');
});

test('whole stays whole and real stays real on the wire', async () => {
  const body = async (key) => {
    const url = `${daemon.url}/ofrep/v1/evaluate/flags/${key}`;

    return (await fetch(url, { method: 'POST' })).text();
  };

  await daemon.change({
    toggles: {
      declared: { type: 'float', variants: { ten: 10 }, defaultVariant: 'ten' },
      mixed: { variants: { ten: 10, half: 0.5 }, defaultVariant: 'ten' },
    },
  });
  assert.match(await body('whole'), /"value":10[,}]/);
  assert.match(await body('real'), /"value":0\.5[,}]/);
  assert.match(await body('declared'), /"value":10\.0[,}]/);
  assert.match(await body('mixed'), /"value":10\.0[,}]/);
});

test('a disabled flag is the default of the code', async () => {
  for (const fallback of [true, false]) {
    const details = await resolve('disabled', fallback, {});

    assert.equal(details.value, fallback);
    assert.equal(details.reason, 'DISABLED');
    assert.equal(details.errorCode, undefined);
    assert.equal(await client.getBooleanValue('disabled', fallback), fallback);
  }
});

/* What a kill switch is for: the code has the feature on by default. */
test('off by hand is off, whatever the default of the code', async () => {
  const path = '/v1/envs/default/toggles/pay';
  const values = async (context) => [
    await client.getBooleanValue('pay', true, context),
    await client.getBooleanValue('pay', false, context),
    (await resolve('pay', true, context)).value,
  ];

  await daemon.call('PUT', path, {
    defaultVariant: 'on',
    targeting: { if: [{ '==': [{ var: 'plan' }, 'gold'] }, 'on', 'on'] },
  });
  assert.deepEqual(await values({ plan: 'gold' }), [true, true, true]);
  const disabled = await daemon.call('PATCH', path, { state: 'DISABLED' });

  assert.deepEqual(await values({}), [true, false, true]);
  assert.match(disabled.warnings[0].detail, /clients use the default in their code/);
  await daemon.call('PATCH', path, { serve: 'off' });
  assert.deepEqual(await values({ plan: 'gold' }), [false, false, false]);
  const details = await client.getBooleanDetails('pay', true);

  assert.deepEqual([details.reason, details.variant, details.errorCode], ['STATIC', 'off', undefined]);
  await daemon.call('PATCH', path, { enabled: true });
  assert.deepEqual(await values({ plan: 'gold' }), [true, true, true]);
  await daemon.call('PATCH', path, { enabled: false });
  assert.deepEqual(await values({ plan: 'gold' }), [false, false, false]);
});

test('a flag without a default is the default of the code', async () => {
  const details = await resolve('undecided', true, {});

  assert.deepEqual([details.value, details.reason], [true, 'DEFAULT']);
  assert.equal(await client.getBooleanValue('undecided', true), true);
});

test('a flag that is not there is FLAG_NOT_FOUND', async () => {
  const details = await client.getStringDetails('no-such-flag', 'mine');

  assert.deepEqual([details.value, details.errorCode, details.reason], ['mine', 'FLAG_NOT_FOUND', 'ERROR']);
  assert.ok(details.errorMessage.length > 0);
  assert.equal((await resolve('no-such-flag', 'mine', {})).errorCode, 'FLAG_NOT_FOUND');
});

test('a value of another type is TYPE_MISMATCH, decided by the client', async () => {
  const details = await client.getNumberDetails('bool', 3);

  assert.deepEqual([details.value, details.errorCode], [3, 'TYPE_MISMATCH']);
});

test('a broken rule fails that flag only', async () => {
  assert.equal((await client.getBooleanDetails('broken', true)).errorCode, 'PARSE_ERROR');
  assert.equal((await client.getBooleanDetails('astray', false)).errorCode, 'GENERAL');
  assert.equal(await client.getBooleanValue('bool', false), true);
});

test('the context chooses', async () => {
  const gold = await client.getBooleanDetails('targeted', false, { targetingKey: 'u1', plan: 'gold' });
  const iron = await client.getBooleanDetails('targeted', true, { targetingKey: 'u1', plan: 'iron' });

  assert.deepEqual([gold.value, gold.reason], [true, 'TARGETING_MATCH']);
  assert.deepEqual([iron.value, iron.reason], [false, 'DEFAULT']);
});

test('a context of every type arrives', async () => {
  await daemon.change({
    toggles: {
      typed: {
        targeting: {
          and: [
            { '===': [{ var: 'age' }, 42] },
            { '===': [{ var: 'ratio' }, 0.25] },
            { '===': [{ var: 'beta' }, true] },
            { in: ['b', { var: 'list' }] },
            { '===': [{ var: 'user.address.city' }, 'Köln'] },
            { '>': [{ var: 'at' }, '2020'] },
          ],
        },
        variants: { true: true, false: false },
        defaultVariant: 'false',
      },
    },
  });
  const context = {
    age: 42,
    ratio: 0.25,
    beta: true,
    list: ['a', 'b'],
    user: { address: { city: 'Köln' } },
    at: new Date('2026-01-01T00:00:00Z'),
  };
  const details = await client.getBooleanDetails('typed', false, context);

  assert.deepEqual([details.value, details.variant], [true, 'true']);
});

test('a segment changes every flag that refers to it', async () => {
  const who = { targetingKey: 'u1', email: 'ada@example.com' };

  assert.equal(await client.getStringValue('segmented', '', who), 'guest');
  await daemon.call('PUT', '/v1/envs/default/segments/staff', { ends_with: [{ var: 'email' }, '@example.com'] });
  assert.equal(await client.getStringValue('segmented', '', who), 'staff');
});

test('a split needs a key, and keeps to it', async () => {
  const without = await client.getStringDetails('split', '');
  const shares = { a: 0, b: 0 };

  assert.deepEqual([without.value, without.reason, without.errorCode], ['a', 'DEFAULT', undefined]);
  for (let i = 0; i < 200; i++) {
    const first = await client.getStringValue('split', '', { targetingKey: `user-${i}` });

    shares[first]++;
    assert.equal(await client.getStringValue('split', '', { targetingKey: `user-${i}` }), first);
  }
  assert.ok(shares.a > 60 && shares.b > 60, JSON.stringify(shares));
});

test('a flip is seen by the next evaluation', async () => {
  await daemon.flip('bool', { defaultVariant: 'off' });
  assert.equal(await client.getBooleanValue('bool', true), false);
  await daemon.flip('bool', { defaultVariant: 'on' });
  assert.equal(await client.getBooleanValue('bool', false), true);
});

test('an environment is a base URL of its own, or a header', async () => {
  await daemon.call('PUT', '/v1/envs/staging', { metadata: { owner: 'ops' } });
  await daemon.change({ toggles: { bool: { value: 'staged' } } }, { environment: 'staging' });
  for (const options of [
    { baseUrl: daemon.environment('staging') },
    { baseUrl: daemon.url, headers: [['Flagd-Selector', 'flagSetId=staging']] },
  ]) {
    await OpenFeature.setProviderAndWait('staging', new OFREPProvider(options));
    const details = await OpenFeature.getClient('staging').getStringDetails('bool', '');

    assert.deepEqual([details.value, details.flagMetadata.owner], ['staged', 'ops']);
  }
});
