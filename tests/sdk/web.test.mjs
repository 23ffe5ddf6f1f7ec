/*
 * The web provider, unmodified: one call for all flags, kept and revalidated.
 * Its polling becomes a long poll by a header; server-sent events are tried as
 * soon as the daemon advertises them.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { Daemon } from './lib/daemon.mjs';
import { faults_of, watch } from './lib/ofrep.mjs';
import { open_page } from './lib/page.mjs';
import { until, within } from './lib/until.mjs';

const POLL_MS = 20;
const LONG_POLL = { headers: [['Prefer', 'wait=8']], pollInterval: POLL_MS, changeDetection: 'polling' };
const WHO = { targetingKey: 'u1', plan: 'iron' };

let daemon;
let seen;
let domains = 0;

before(async () => {
  open_page();
  seen = watch();
  daemon = await Daemon.start();
});

after(async () => {
  await OpenFeature.close();
  await daemon.stop();
  seen.verdict();
});

beforeEach(async () => {
  await daemon.change({
    toggles: {
      switch: { variants: { on: true, off: false }, defaultVariant: 'off', targeting: null },
      plan: {
        variants: { gold: 'gold', other: 'other' },
        defaultVariant: 'other',
        targeting: { if: [{ '==': [{ var: 'plan' }, 'gold'] }, 'gold'] },
      },
      size: { value: 10 },
      shape: { value: { sides: 4 } },
      off: { state: 'DISABLED' },
    },
  });
});

/* A page of its own: provider, client, and what happened to it. */
async function visit(t, options = {}, context = WHO, domain = `page-${++domains}`) {
  const provider = new OFREPWebProvider({ baseUrl: daemon.url, cacheMode: 'disabled', ...options });
  const page = { domain, client: OpenFeature.getClient(domain), changes: [], stale: 0 };

  await OpenFeature.setContext(domain, context);
  await within('initialisation', OpenFeature.setProviderAndWait(domain, provider));
  page.client.addHandler(ProviderEvents.ConfigurationChanged, (e) => page.changes.push(e.flagsChanged));
  page.client.addHandler(ProviderEvents.Stale, () => page.stale++);
  t.after(() => provider.onClose());
  return page;
}

/* The statuses of the bulk calls from a point in time on. */
function mark() {
  const from = seen.requests.length;

  return () => seen.requests.slice(from).map((r) => r.status);
}

async function advertises_events() {
  const answer = await fetch(`${daemon.url}/ofrep/v1/evaluate/flags`, { method: 'POST' });

  return (await answer.json()).eventStreams;
}

test('initialisation fetches everything once', async (t) => {
  const statuses = mark();
  const page = await visit(t);

  assert.equal(page.client.getBooleanValue('switch', true), false);
  assert.equal(page.client.getStringValue('plan', ''), 'other');
  assert.equal(page.client.getNumberValue('size', 0), 10);
  assert.deepEqual(page.client.getObjectValue('shape', {}), { sides: 4 });
  /* When its stream opens it asks whether that was the newest. */
  assert.deepEqual(statuses().filter((status) => status !== 304), [200]);
});

test('a disabled flag is the default of the code', async (t) => {
  const page = await visit(t);

  for (const fallback of [true, false]) {
    const details = page.client.getBooleanDetails('off', fallback);

    assert.deepEqual([details.value, details.reason, details.errorCode], [fallback, 'DISABLED', undefined]);
  }
});

/* slice() leaves half an emoji; an id of another program may have 64 bits. */
test('a context as programs make it gets its values', async (t) => {
  const page = await visit(t, {}, { ...WHO, plan: 'gold', name: 'Ada \u{1f600}'.slice(0, 5), id: 2 ** 64, since: new Date() });

  assert.equal(page.client.getStringValue('plan', ''), 'gold');
});

test('a flag that is not there is FLAG_NOT_FOUND, another type TYPE_MISMATCH', async (t) => {
  const page = await visit(t);

  assert.equal(page.client.getBooleanDetails('no-such-flag', true).errorCode, 'FLAG_NOT_FOUND');
  assert.equal(page.client.getNumberDetails('switch', 1).errorCode, 'TYPE_MISMATCH');
});

test('a broken flag is PARSE_ERROR and hides no other', async (t) => {
  await daemon.change({ toggles: { broken: { targeting: { no_such_operator: [1] } } } }, { lenient: true });
  t.after(() => daemon.call('DELETE', '/v1/envs/default/toggles/broken'));
  const page = await visit(t);

  assert.equal(page.client.getBooleanDetails('broken', true).errorCode, 'PARSE_ERROR');
  assert.equal(page.client.getNumberValue('size', 0), 10);
});

test('polling sees a flip, and names the flag', async (t) => {
  const page = await visit(t, { pollInterval: POLL_MS, changeDetection: 'polling' });

  await daemon.flip('switch', { defaultVariant: 'on' });
  await until('the flip', () => page.client.getBooleanValue('switch', false));
  assert.deepEqual(page.changes, [['switch']]);
});

test('polling without a change is 304, keeps the values and fires no event', async (t) => {
  const statuses = mark();
  const page = await visit(t, { pollInterval: POLL_MS, changeDetection: 'polling' });

  await until('five polls', () => statuses().length > 5);
  assert.deepEqual(new Set(statuses().slice(1)), new Set([304]));
  assert.equal(page.client.getStringValue('plan', ''), 'other');
  assert.deepEqual([page.changes, page.stale], [[], 0]);
});

test('a change that does not touch this context is 304', async (t) => {
  await daemon.change({
    toggles: { gold: { variants: { on: true, off: false }, defaultVariant: 'off' } },
  });
  const page = await visit(t, { pollInterval: POLL_MS, changeDetection: 'polling' });
  const statuses = mark();

  await daemon.flip('gold', { targeting: { if: [{ '==': [{ var: 'plan' }, 'gold'] }, 'off', 'off'] } });
  await until('polls', () => statuses().length > 3);
  /* The reason of the flag is part of the answer: STATIC has become TARGETING_MATCH. */
  assert.equal(statuses().filter((s) => s === 200).length, 1);
  const later = mark();
  await daemon.flip('gold', { description: 'nothing that a client sees' });
  await until('polls', () => later().length > 3);
  assert.deepEqual(new Set(later()), new Set([304]));
  assert.equal(page.stale, 0);
});

test('another context under the same targetingKey gets its own values', async (t) => {
  const page = await visit(t);

  await OpenFeature.setContext(page.domain, { ...WHO, plan: 'gold' });
  assert.equal(page.client.getStringValue('plan', ''), 'gold');
  await OpenFeature.setContext(page.domain, WHO);
  assert.equal(page.client.getStringValue('plan', ''), 'other');
});

test('a page that comes back revalidates what it stored', async (t) => {
  const options = { cacheMode: 'local-cache-first' };
  const first = await visit(t, options);
  const statuses = mark();
  const second = await visit(t, options, WHO, first.domain);

  await until('the revalidation', () => statuses().length >= 1);
  assert.deepEqual(new Set(statuses()), new Set([304]));
  assert.equal(second.client.getStringValue('plan', ''), 'other');
});

test('Prefer: wait makes of polling a long poll', async (t) => {
  const page = await visit(t, LONG_POLL);
  const statuses = mark();
  const quiet = 15 * POLL_MS;

  /* What is held is not repeated, however often the provider would poll. */
  await new Promise((resolve) => setTimeout(resolve, quiet));
  assert.deepEqual(statuses(), []);
  const began = Date.now();
  await daemon.flip('switch', { defaultVariant: 'on' });
  await until('the flip', () => page.client.getBooleanValue('switch', false), 3000);
  t.diagnostic(`seen ${Date.now() - began} ms after the write began`);
  assert.deepEqual([page.changes, page.stale], [[['switch']], 0]);
});

test('a context that changes is answered at once, while the old one waits', async (t) => {
  const page = await visit(t, LONG_POLL);

  await within('the new context', OpenFeature.setContext(page.domain, { ...WHO, plan: 'gold' }), 2000);
  assert.equal(page.client.getStringValue('plan', ''), 'gold');
  assert.equal(page.stale, 0);
});

test('a long poll that nothing ends is 304', async () => {
  const url = `${daemon.url}/ofrep/v1/evaluate/flags`;
  const etag = (await fetch(url, { method: 'POST' })).headers.get('etag');
  const answer = await within(
    'the end of the wait',
    fetch(url, { method: 'POST', headers: { 'If-None-Match': etag, Prefer: 'wait=1' } }),
    3000,
  );

  assert.deepEqual([answer.status, answer.headers.get('etag')], [304, etag]);
});

test('many pages wait, each gets the answer for its context', async () => {
  const url = `${daemon.url}/ofrep/v1/evaluate/flags`;
  const ask = (plan, headers) =>
    fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ context: { targetingKey: 'u1', plan } }),
    });
  const plans = Array.from({ length: 40 }, (_, i) => (i % 2 ? 'gold' : `plan-${i}`));
  const tags = await Promise.all(plans.map(async (plan) => (await ask(plan)).headers.get('etag')));
  const waiting = Promise.all(
    plans.map((plan, i) => ask(plan, { 'If-None-Match': tags[i], Prefer: 'wait=8' }).then((r) => r.json())),
  );

  await daemon.flip('switch', { defaultVariant: 'on' });
  for (const [i, body] of (await within('the answers', waiting)).entries()) {
    const value = (key) => body.flags.find((flag) => flag.key === key).value;

    assert.equal(value('switch'), true);
    assert.equal(value('plan'), plans[i] === 'gold' ? 'gold' : 'other');
  }
});

/* --- server-sent events --------------------------------------------------- */

const NO_EVENTS = 'bulk answers carry no eventStreams';

test('the provider refetches when an event says so', async (t) => {
  if (!(await advertises_events())) return t.skip(NO_EVENTS);
  const page = await visit(t);

  for (const variant of ['on', 'off', 'on']) {
    await daemon.flip('switch', { defaultVariant: variant });
    await until('the flip', () => page.client.getBooleanValue('switch', false) === (variant === 'on'));
  }
  assert.equal(page.stale, 0);
});

test('a change between the values and the stream is not lost', async (t) => {
  if (!(await advertises_events())) return t.skip(NO_EVENTS);
  const plain = globalThis.EventSource;
  let open;
  const held = new Promise((resolve) => (open = resolve));

  globalThis.EventSource = class extends plain {
    constructor(url, init) {
      super(url, { ...init, fetch: (...args) => held.then(() => fetch(...args)) });
    }
  };
  t.after(() => (globalThis.EventSource = plain));
  const page = await visit(t);

  await daemon.flip('switch', { defaultVariant: 'on' });
  open();
  await until('the flip', () => page.client.getBooleanValue('switch', false));
});

test('the stream is what the standard says', async (t) => {
  const streams = await advertises_events();
  if (!streams) return t.skip(NO_EVENTS);
  const address = new URL(streams[0].url ?? streams[0].endpoint.requestUri, daemon.url);
  const stop = new AbortController();
  const response = await fetch(address, { headers: { Accept: 'text/event-stream' }, signal: stop.signal });

  t.after(() => stop.abort());
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  assert.match(response.headers.get('cache-control'), /no-cache|no-store/);
  assert.equal(response.headers.get('content-encoding'), null);
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
});

/* One stream, read event by event, as a browser would after a lost connection. */
function listen(t, address, last_id) {
  const events = [];
  const source = new EventSource(address, {
    fetch: (url, init) =>
      fetch(url, { ...init, headers: { ...init.headers, ...(last_id ? { 'Last-Event-ID': last_id } : {}) } }),
  });

  source.addEventListener('message', (event) => events.push(event));
  t.after(() => source.close());
  return new Promise((resolve, reject) => {
    source.addEventListener('open', () => resolve(events));
    source.addEventListener('error', reject);
  });
}

test('an event has an id and names the state', async (t) => {
  const streams = await advertises_events();
  if (!streams) return t.skip(NO_EVENTS);
  const address = new URL(streams[0].url ?? streams[0].endpoint.requestUri, daemon.url);
  const events = await within('the stream', listen(t, address));

  await daemon.flip('switch', { defaultVariant: 'on' });
  await until('the event', () => events.length > 0);
  const body = JSON.parse(events.at(-1).data);

  assert.deepEqual(faults_of('event', body), []);
  assert.ok(events.at(-1).lastEventId.length > 0);
});

test('who missed an event is told when it comes back', async (t) => {
  const streams = await advertises_events();
  if (!streams) return t.skip(NO_EVENTS);
  const address = new URL(streams[0].url ?? streams[0].endpoint.requestUri, daemon.url);
  const first = await within('the stream', listen(t, address));

  await daemon.flip('switch', { defaultVariant: 'on' });
  await until('the event', () => first.length > 0);
  const id = first.at(-1).lastEventId;

  await daemon.flip('switch', { defaultVariant: 'off' });
  const second = await within('the stream', listen(t, address, id));
  await until('the replay', () => second.length > 0);
  assert.notEqual(second.at(-1).lastEventId, id);
});

test('an event that names another state is never answered with 304', async () => {
  const url = `${daemon.url}/ofrep/v1/evaluate/flags`;
  const etag = (await fetch(url, { method: 'POST' })).headers.get('etag');
  const told = await fetch(`${url}?flagConfigEtag=another&flagConfigLastModified=1771622898`, {
    method: 'POST',
    headers: { 'If-None-Match': etag },
  });

  assert.equal(told.status, 200);
});
