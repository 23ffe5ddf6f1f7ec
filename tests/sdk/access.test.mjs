/*
 * The same clients where tokens are needed: in either header, wrong, revoked,
 * expired, for another environment, and tried too often. The event stream of a
 * page has no headers; what lets it in is in its address.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { OpenFeature as Web, ProviderEvents, ProviderStatus } from '@openfeature/web-sdk';
import { EventSource } from 'eventsource';
import { Daemon } from './lib/daemon.mjs';
import { watch } from './lib/ofrep.mjs';
import { open_page } from './lib/page.mjs';
import { until, within } from './lib/until.mjs';

const BURST = 10; /* failed attempts of an address that are answered 401 */
const POLL_MS = 20;

const bearer = (token) => [['Authorization', `Bearer ${token}`]];
const api_key = (token) => [['X-API-Key', token]];

let seen;
let domains = 0;

before(() => {
  open_page();
  seen = watch();
});

after(async () => {
  await OpenFeature.close();
  await Web.close();
  seen.verdict();
});

/* What failed is counted for each daemon, so each test has its own. */
async function locked(t) {
  const daemon = await Daemon.start();

  t.after(() => daemon.stop());
  await daemon.change({ toggles: { switch: { variants: { on: true, off: false }, defaultVariant: 'on' } } });
  await daemon.call('PUT', '/v1/envs/staging', {});
  await daemon.lock();
  return daemon;
}

async function service(options) {
  const domain = `service-${++domains}`;

  await OpenFeature.setProviderAndWait(domain, new OFREPProvider(options));
  return OpenFeature.getClient(domain);
}

/* A page of its own, and what happened to it. */
async function visit(t, options) {
  const domain = `page-${++domains}`;
  const provider = new OFREPWebProvider({ cacheMode: 'disabled', ...options });
  const page = { client: Web.getClient(domain), stale: 0 };

  t.after(() => provider.onClose());
  page.client.addHandler(ProviderEvents.Stale, () => page.stale++);
  await within('initialisation', Web.setProviderAndWait(domain, provider));
  page.is_on = () => page.client.getBooleanValue('switch', false);
  return page;
}

/* The statuses of the evaluations from a point in time on. */
function mark() {
  const from = seen.requests.length;

  return () => seen.requests.slice(from).map((r) => r.status);
}

/* After its first 429 from a point in time on, a client was silent for the second
 * that it was told. */
function assert_silence(from) {
  const requests = seen.requests.slice(from);
  const limited = requests.findIndex((r) => r.status === 429);
  const silence = requests[limited + 1].began - requests[limited].ended;

  assert.ok(silence >= 999, `again after ${silence} ms`);
}

/* --- the server SDK --------------------------------------------------------- */

test('a service shows its token in either header', async (t) => {
  const daemon = await locked(t);
  const { token } = await daemon.client_token('shop');

  for (const headers of [bearer(token), api_key(token), [['authorization', `bearer ${token}`]]]) {
    const client = await service({ baseUrl: daemon.url, headers });

    assert.equal((await client.getBooleanDetails('switch', false)).reason, 'STATIC');
  }
});

test('a service that may not ask gets its own default and an error', async (t) => {
  const daemon = await locked(t);
  const { token } = await daemon.client_token('shop');
  const statuses = mark();

  for (const options of [
    { baseUrl: daemon.url },
    { baseUrl: daemon.url, headers: bearer('tgd_wrong') },
    { baseUrl: daemon.url, headers: api_key(token.replace(/.$/, (c) => (c === 'a' ? 'b' : 'a'))) },
    { baseUrl: daemon.environment('staging'), headers: bearer(token) },
    { baseUrl: daemon.environment('nowhere'), headers: bearer(token) },
    { baseUrl: daemon.url, headers: [...bearer(token), ['Flagd-Selector', 'flagSetId=staging']] },
  ]) {
    const client = await service(options);

    for (const fallback of [true, false]) {
      const details = await client.getBooleanDetails('switch', fallback);

      assert.deepEqual([details.value, details.errorCode, details.reason], [fallback, 'GENERAL', 'ERROR']);
    }
  }
  assert.deepEqual(statuses(), [401, 401, 401, 401, 401, 401, 403, 403, 403, 403, 403, 403]);
});

test('a service whose token is for one environment needs not name it', async (t) => {
  const daemon = await locked(t);
  const { token } = await daemon.client_token('stage', { environments: ['staging'] });

  await daemon.change({ toggles: { here: { value: 'staging' } } }, { environment: 'staging' });
  const client = await service({ baseUrl: daemon.url, headers: bearer(token) });

  assert.equal(await client.getStringValue('here', ''), 'staging');
});

test('a service sees its token revoked and replaced', async (t) => {
  const daemon = await locked(t);
  const first = await daemon.client_token('first');
  let token = first.token;
  const client = await service({ baseUrl: daemon.url, headersFactory: () => bearer(token) });

  assert.equal(await client.getBooleanValue('switch', false), true);
  await daemon.call('DELETE', `/v1/tokens/${first.id}`);
  assert.equal((await client.getBooleanDetails('switch', false)).errorCode, 'GENERAL');
  token = (await daemon.client_token('second')).token;
  assert.equal(await client.getBooleanValue('switch', false), true);
});

test('a service that tries too often is told to wait, and does', async (t) => {
  const daemon = await locked(t);
  const wrong = await service({ baseUrl: daemon.url, headers: bearer('tgd_wrong') });
  const statuses = mark();
  const from = seen.requests.length;
  let details;

  await until('429', async () => {
    details = await wrong.getBooleanDetails('switch', false);
    return statuses().includes(429);
  });
  assert.ok(statuses().filter((s) => s === 401).length >= BURST, statuses().join());
  await until('the end of the pause', async () => {
    details = await wrong.getBooleanDetails('switch', true);
    return statuses().at(-1) !== 429;
  });
  assert.deepEqual([details.value, details.errorCode, statuses().at(-1)], [true, 'GENERAL', 401]);
  assert_silence(from);
});

test('a service with a good token is not held up by others at its address', async (t) => {
  const daemon = await locked(t);
  const { token } = await daemon.client_token('shop');
  const wrong = await service({ baseUrl: daemon.url, headers: bearer('tgd_wrong') });
  const right = await service({ baseUrl: daemon.url, headers: bearer(token) });
  const statuses = mark();

  await until('429', async () => {
    await wrong.getBooleanDetails('switch', false);
    return statuses().includes(429);
  });
  assert.equal(await right.getBooleanValue('switch', false), true);
});

/* --- the web provider ------------------------------------------------------- */

test('a page shows its token, its stream a ticket', async (t) => {
  const daemon = await locked(t);

  for (const [name, header] of Object.entries({ bearer, api_key })) {
    const { token } = await daemon.client_token(name);
    const page = await visit(t, { baseUrl: daemon.url, headers: header(token) });

    for (const variant of ['off', 'on']) {
      await daemon.flip('switch', { defaultVariant: variant });
      await until('the flip', () => page.is_on() === (variant === 'on'));
    }
    assert.equal(page.stale, 0);
  }
});

test('a page that may not ask is in a fatal state', async (t) => {
  const daemon = await locked(t);
  const { token } = await daemon.client_token('shop');

  for (const options of [
    { baseUrl: daemon.url },
    { baseUrl: daemon.url, headers: bearer('tgd_wrong') },
    { baseUrl: daemon.environment('staging'), headers: bearer(token) },
  ]) {
    const domain = `page-${++domains}`;
    const provider = new OFREPWebProvider({ cacheMode: 'disabled', ...options });

    t.after(() => provider.onClose());
    await assert.rejects(within('initialisation', Web.setProviderAndWait(domain, provider)));
    assert.equal(Web.getClient(domain).providerStatus, ProviderStatus.FATAL);
  }
});

test('a polling page whose token is revoked is stale, waits, and recovers', async (t) => {
  const daemon = await locked(t);
  const first = await daemon.client_token('first');
  let token = first.token;
  const page = await visit(t, {
    baseUrl: daemon.url,
    headersFactory: () => bearer(token),
    pollInterval: POLL_MS,
    changeDetection: 'polling',
  });
  const statuses = mark();
  const from = seen.requests.length;

  await daemon.call('DELETE', `/v1/tokens/${first.id}`);
  await until('429', () => statuses().includes(429));
  assert.ok(page.stale >= BURST, `${page.stale}`);
  assert.equal(page.is_on(), true);
  await daemon.flip('switch', { defaultVariant: 'off' });
  token = (await daemon.client_token('second')).token;
  await until('the flip', () => !page.is_on());
  /* It polls every few milliseconds, but sends nothing. */
  assert_silence(from);
});

test('a waiting page whose token is revoked is told so when its wait ends', async (t) => {
  const daemon = await locked(t);
  const { id, token } = await daemon.client_token('shop');
  const headers = [...bearer(token), ['Prefer', 'wait=8']];
  const page = await visit(t, { baseUrl: daemon.url, headers, pollInterval: POLL_MS, changeDetection: 'polling' });
  const statuses = mark();

  await until('a poll that waits', async () => (await waiting(daemon)) === 1);
  await daemon.call('DELETE', `/v1/tokens/${id}`);
  await daemon.flip('switch', { defaultVariant: 'off' });
  await until('an answer', () => statuses().length > 0);
  assert.equal(statuses()[0], 401);
  assert.equal(page.is_on(), true);
});

async function waiting(daemon) {
  const response = await fetch(`${daemon.url}/metrics`, { headers: { 'X-API-Key': daemon.admin } });

  return Number(/^toggled_waiters(?:\{[^}]*\})? (\d+)$/m.exec(await response.text())?.[1]);
}

test('a stream ends with its token, and the page goes on with the next', async (t) => {
  const daemon = await locked(t);
  const first = await daemon.client_token('first');
  let token = first.token;
  const page = await visit(t, { baseUrl: daemon.url, headersFactory: () => bearer(token) });
  const statuses = mark();

  await daemon.flip('switch', { defaultVariant: 'off' });
  await until('the flip', () => !page.is_on());
  await daemon.call('DELETE', `/v1/tokens/${first.id}`);
  await daemon.flip('switch', { defaultVariant: 'on' });
  await until('that the page knows', () => page.stale > 0);
  assert.equal(page.is_on(), false);
  await until('a refusal', () => statuses().includes(401));
  token = (await daemon.client_token('second')).token;
  await until('what was missed', () => page.is_on());
  await daemon.flip('switch', { defaultVariant: 'off' });
  await until('the flip', () => !page.is_on());
});

/* A bare stream: what it was told, and whether it was refused. */
function listen(t, daemon, token) {
  const stream = { events: 0, opened: 0, refused: undefined };

  stream.ready = (async () => {
    const response = await fetch(`${daemon.url}/ofrep/v1/evaluate/flags`, { method: 'POST', headers: bearer(token) });
    const { eventStreams } = await response.json();
    const source = new EventSource(new URL(eventStreams[0].endpoint.requestUri, daemon.url));

    t.after(() => source.close());
    source.addEventListener('open', () => stream.opened++);
    source.addEventListener('message', () => stream.events++);
    source.addEventListener('error', (event) => (stream.refused = event.code ?? stream.refused));
    await until('the stream', () => stream.opened > 0);
  })();
  return stream;
}

test('a stream ends when its token expires, without a word of what came after', async (t) => {
  const daemon = await locked(t);
  const ends = Date.now() + 5000;
  const { token } = await daemon.client_token('short', { expiresAt: new Date(ends).toISOString() });
  const stream = listen(t, daemon, token);

  await stream.ready;
  await until('the beginning', () => stream.events === 1);
  await daemon.flip('switch', { defaultVariant: 'off' });
  await until('the event', () => stream.events === 2);
  await until('the expiry', () => Date.now() > ends + 50);
  await daemon.flip('switch', { defaultVariant: 'on' });
  await until('the refusal', () => stream.refused === 401);
  assert.deepEqual([stream.events, stream.opened], [2, 1]);
});

test('a ticket is for the stream of its environment and for nothing else', async (t) => {
  const daemon = await locked(t);
  const { token } = await daemon.client_token('both', { environments: ['default', 'staging'] });
  const bulk = await fetch(`${daemon.environment('default')}/ofrep/v1/evaluate/flags`, {
    method: 'POST',
    headers: bearer(token),
  });
  const { requestUri } = (await bulk.json()).eventStreams[0].endpoint;
  const ticket = new URL(requestUri, daemon.url).search;
  const status = async (method, path) => (await fetch(daemon.url + path, { method })).status;

  assert.ok(!requestUri.includes(token));
  assert.equal(await status('HEAD', requestUri), 200);
  assert.equal(await status('GET', requestUri.replace('default', 'staging')), 401);
  assert.equal(await status('POST', `/v1/envs/default/ofrep/v1/evaluate/flags${ticket}`), 401);
  assert.equal(await status('GET', `/v1/envs/default/toggles${ticket}`), 401);
});

test('a page that comes back after a rotation gets the ticket of its new secret', async (t) => {
  const daemon = await locked(t);
  const { id, token } = await daemon.client_token('shop');
  const ask = async (secret, tag) => {
    const headers = [...bearer(secret), ...(tag ? [['If-None-Match', tag]] : [])];
    const response = await fetch(`${daemon.url}/ofrep/v1/evaluate/flags`, { method: 'POST', headers });

    return { status: response.status, tag: response.headers.get('etag') };
  };
  const { tag } = await ask(token);
  const rotated = await daemon.call('POST', `/v1/tokens/${id}/rotate`);

  /* A ticket is its secret's: the old secret's page has it already and keeps it as long as
     that secret is good. 304 to the new one would leave its page with that ticket. */
  assert.equal((await ask(token, tag)).status, 304);
  const now = await ask(rotated.token, tag);

  assert.equal(now.status, 200);
  assert.notEqual(now.tag, tag);
  assert.equal((await ask(rotated.token, now.tag)).status, 304);
  assert.equal((await ask(token, now.tag)).status, 200);
});
