/*
 * OFREP as browsers and the odder clients speak it: preflights, tags, bodies
 * that are missing or wrong, keys in every spelling.
 */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { Daemon } from './lib/daemon.mjs';
import { watch } from './lib/ofrep.mjs';

const BULK = '/ofrep/v1/evaluate/flags';

let daemon;
let seen;

before(async () => {
  seen = watch();
  daemon = await Daemon.start();
  await daemon.call('PUT', '/v1/envs/other', {});
  await daemon.change({ toggles: { here: { value: 1 }, 'a.b:c~d-e_f': { value: 'odd' }, off: { enabled: false } } });
});

after(async () => {
  await daemon.stop();
  seen.verdict();
});

async function post(path, body, headers = {}) {
  const response = await fetch(daemon.url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body,
  });
  const text = await response.text();

  return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
}

const list_of = (headers, name) => headers.get(name).toLowerCase().split(/, */);

test('a preflight allows what web clients send', async () => {
  for (const path of [BULK, `${BULK}/here`, `/v1/envs/other${BULK}`, `/v1/envs/other${BULK}/x`]) {
    const response = await fetch(daemon.url + path, {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://shop.example.org',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type,if-none-match,prefer',
      },
    });

    assert.equal(response.status, 204, path);
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
    assert.ok(list_of(response.headers, 'access-control-allow-methods').includes('post'));
    for (const name of ['content-type', 'authorization', 'x-api-key', 'if-none-match', 'flagd-selector', 'prefer'])
      assert.ok(list_of(response.headers, 'access-control-allow-headers').includes(name), `${path}: ${name}`);
    assert.ok(Number(response.headers.get('access-control-max-age')) > 0);
  }
});

test('pages of other origins may read the answer and its tag', async () => {
  for (const [path, body] of [[BULK, '{}'], [`${BULK}/here`, '{}'], [`${BULK}/missing`, '{}'], [BULK, '{broken']]) {
    const { headers } = await post(path, body, { Origin: 'http://localhost:3000' });

    assert.equal(headers.get('access-control-allow-origin'), '*', path);
    for (const name of ['etag', 'retry-after'])
      assert.ok(list_of(headers, 'access-control-expose-headers').includes(name), `${path}: ${name}`);
  }
});

test('a body that is missing, empty or without a context is no context', async () => {
  for (const body of [undefined, '', '{}', '{"context":null}', '{"context":{}}', ' \n{"context":{"targetingKey":""}} ']) {
    assert.equal((await post(BULK, body)).status, 200, body);
    assert.equal((await post(`${BULK}/here`, body)).body.value, 1, body);
  }
});

test('a body that cannot be read is INVALID_CONTEXT', async () => {
  for (const body of ['{', '[]', '"x"', '{"context":[]}', '{"context":7}', '{"context":{"a":1,}}', '\u0000']) {
    const bulk = await post(BULK, body);
    const one = await post(`${BULK}/here`, body);

    assert.deepEqual([bulk.status, bulk.body.errorCode], [400, 'INVALID_CONTEXT'], body);
    assert.deepEqual([one.status, one.body.errorCode, one.body.key], [400, 'INVALID_CONTEXT', 'here'], body);
  }
});

test('a body that is too large is refused in the words of OFREP', async () => {
  const body = JSON.stringify({ context: { padding: 'x'.repeat(8 << 20) } });
  const { status, body: answer } = await post(BULK, body);

  assert.equal(status, 400);
  assert.ok(answer.errorCode);
});

test('members of the context that the server does not know are the client\'s own', async () => {
  const context = { $flagd: { flagKey: 'forged' }, 'a.b': 1, '': 2, ключ: '値', __proto__x: [], deep: { deep: { deep: [[[]]] } } };

  assert.equal((await post(BULK, JSON.stringify({ context }))).status, 200);
});

test('a key in any spelling of the path', async () => {
  const key = 'a.b:c~d-e_f';

  for (const spelled of [key, encodeURIComponent(key), 'a%2Eb%3ac%7Ed%2De%5Ff'])
    assert.equal((await post(`${BULK}/${spelled}`, '{}')).body.value, 'odd', spelled);
});

test('a key that cannot be is FLAG_NOT_FOUND, and given back as it was', async () => {
  for (const key of ['a b', 'a/b', 'ключ', '100%', '"quoted"', 'x'.repeat(300), 'a+b', '%00'])
    assert.deepEqual(
      await post(`${BULK}/${encodeURIComponent(key)}`, '{}').then((r) => [r.status, r.body.errorCode, r.body.key]),
      [404, 'FLAG_NOT_FOUND', key],
      key,
    );
});

test('all flags also with a slash at the end', async () => {
  assert.deepEqual((await post(`${BULK}/`, '{}')).body, (await post(BULK, '{}')).body);
});

test('a base URL may end in a slash', async () => {
  for (const base of ['/', '/v1/envs/default/']) {
    assert.equal((await post(`${base}${BULK}/here`, '{}')).body.value, 1, base);
    assert.deepEqual((await post(base + BULK, '{}')).body, (await post(BULK, '{}')).body, base);
  }
});

test('a tag is compared as HTTP compares tags', async () => {
  const { headers } = await post(BULK, '{}');
  const tag = headers.get('etag');

  assert.match(tag, /^"[^"]+"$/);
  for (const same of [tag, `W/${tag}`, `"x", ${tag}`, `"x",W/${tag} , "y"`, '*', tag.slice(1, -1)]) {
    const answer = await post(BULK, '{}', { 'If-None-Match': same });

    assert.deepEqual([answer.status, answer.headers.get('etag')], [304, tag], same);
  }
  for (const other of ['"x"', 'W/"x"', '""', tag.toUpperCase().replace(/\d/g, '0')])
    assert.equal((await post(BULK, '{}', { 'If-None-Match': other })).status, 200, other);
});

test('the tag of an answer covers its context', async () => {
  await daemon.change({
    toggles: { who: { variants: { a: 'a', b: 'b' }, defaultVariant: 'a', targeting: { if: [{ var: 'b' }, 'b'] } } },
  });
  const tag = async (context) => (await post(BULK, JSON.stringify({ context }))).headers.get('etag');

  assert.notEqual(await tag({ b: true }), await tag({ b: false }));
  assert.equal(await tag({ b: 1 }), await tag({ b: 2 }));
  assert.equal((await post(BULK, '{"context":{"b":true}}', { 'If-None-Match': await tag({ b: false }) })).status, 200);
});

test('a tag is that of any process with the same flags', async () => {
  const twin = await Daemon.start();

  try {
    const tags = [];

    for (const instance of [daemon, twin]) {
      await instance.call('PUT', '/v1/envs/twin', {});
      await instance.change({ toggles: { a: { value: 1 }, b: { enabled: false } } }, { environment: 'twin' });
      tags.push((await fetch(instance.environment('twin') + BULK, { method: 'POST' })).headers.get('etag'));
    }
    assert.equal(tags[0], tags[1]);
  } finally {
    await twin.stop();
  }
});

test('an environment that is not there is said in the words of OFREP', async () => {
  const by_header = await post(`${BULK}/here`, '{}', { 'Flagd-Selector': 'flagSetId=nowhere' });
  const by_path = await post(`/v1/envs/nowhere${BULK}/here`, '{}');
  const all = await post(`/v1/envs/nowhere${BULK}`, '{}');

  for (const answer of [by_header, by_path, all]) {
    assert.ok([400, 404].includes(answer.status), String(answer.status));
    assert.ok(answer.body.errorCode);
  }
});

test('an offer to speak HTTP/2 is passed over', async () => {
  const answer = await new Promise((resolve, reject) => {
    const r = request(`${daemon.url}${BULK}/here`, {
      method: 'POST',
      headers: {
        Connection: 'Upgrade, HTTP2-Settings',
        Upgrade: 'h2c',
        'HTTP2-Settings': 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
        'Content-Type': 'application/json',
        'Content-Length': '2',
      },
    });

    r.on('response', resolve).on('error', reject).end('{}');
  });

  answer.resume();
  assert.deepEqual([answer.statusCode, answer.httpVersion], [200, '1.1']);
});
