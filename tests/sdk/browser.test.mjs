/*
 * What a page in a real browser gets at a server without a token. Chromium, where
 * it is installed; it resolves evil.example to this machine, as whoever owns that
 * name could let it lead here.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Daemon } from './lib/daemon.mjs';

const CHROMIUM = process.env.CHROMIUM ?? 'chromium';
const run = promisify(execFile);

/* Runs in the page: each attempt, and what the browser let it see of it. */
async function attack(server) {
  const json = { 'Content-Type': 'application/json' };
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const attempts = {
    evaluate: ['/v1/envs/default/evaluate', { method: 'POST', mode: 'no-cors', body: '{}', headers: form }],
    values: ['/v1/envs/default/values?a=b', { mode: 'no-cors' }],
    read: ['/v1/envs/default/toggles', {}],
    write: ['/v1/envs/default/toggles/evil', { method: 'PUT', body: '{}' }],
    ofrep: ['/ofrep/v1/evaluate/flags', { method: 'POST', body: '{}', headers: { ...json, traceparent: '0' } }],
  };
  const seen = {};

  await new Promise((done) => {
    const image = new Image();

    image.onload = done;
    image.onerror = done;
    image.src = `${server}/v1/backup`;
  });
  for (const [name, [path, options]] of Object.entries(attempts))
    seen[name] = await fetch(server + path, options).then((r) => r.status, () => 'failed');
  document.body.textContent = JSON.stringify(seen);
}

let missing = false;
let daemon;
let pages;
let profile;

before(async () => {
  missing = await run(CHROMIUM, ['--version']).then(() => false, () => `${CHROMIUM} is not installed`);
  if (missing) return;
  profile = await mkdtemp(join(tmpdir(), 'toggled-browser-'));
  daemon = await Daemon.start();
  pages = createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<body><script>(${attack})(${JSON.stringify(at('localhost'))})</script></body>`);
  });
  await new Promise((done) => { pages.listen(0, '127.0.0.1', done); });
});

after(async () => {
  pages?.close();
  await daemon?.stop();
  if (profile) await rm(profile, { recursive: true, force: true });
});

const at = (host) => `http://${host}:${new URL(daemon.url).port}`;

async function open(url) {
  const { stdout } = await run(CHROMIUM, [
    '--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`,
    '--host-resolver-rules=MAP evil.example 127.0.0.1', '--virtual-time-budget=10000', '--dump-dom', url,
  ], { timeout: 120000, maxBuffer: 16 << 20 });

  return stdout;
}

async function visit(host) {
  const text = await open(`http://${host}:${pages.address().port}/`);

  return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
}

/* How often a route was answered so. */
async function answered(route, code) {
  const text = await (await fetch(`${daemon.url}/metrics`)).text();
  const line = text.split('\n').find((l) => l.startsWith('toggled_http_requests_total{')
    && l.includes(`route="${route}"`) && l.includes(`code="${code}"`));

  return line ? Number(line.split(' ').pop()) : 0;
}

test('a page of another site copies nothing, counts nothing, reads nothing', async (t) => {
  if (missing) return t.skip(missing);
  assert.deepEqual(await visit('evil.example'), { evaluate: 0, values: 0, read: 'failed', write: 'failed', ofrep: 403 });
  for (const route of ['/v1/backup', '/v1/envs/{env}/evaluate', '/v1/envs/{env}/values', '/v1/envs/{env}/toggles']) {
    assert.equal(await answered(route, 200), 0, route);
    assert.equal(await answered(route, 403), 1, route);
  }
  return undefined;
});

test('a page of this machine asks OFREP, and no more', async (t) => {
  if (missing) return t.skip(missing);
  assert.deepEqual(await visit('127.0.0.1'), { evaluate: 0, values: 0, read: 'failed', write: 'failed', ofrep: 200 });
  assert.equal(await answered('/v1/backup', 200), 0);
  return undefined;
});

test('a name that leads here is refused, an address that is typed is not', async (t) => {
  if (missing) return t.skip(missing);
  assert.match(await open(`${at('evil.example')}/v1/envs`), /"status":403/);
  assert.match(await open(`${at('localhost')}/v1/envs`), /"environments":\{"default"/);
  assert.match(await open(`${at('127.0.0.1')}/v1/envs`), /"environments":\{"default"/);
  return undefined;
});
