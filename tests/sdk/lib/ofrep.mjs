/*
 * Every evaluation in OFREP's words, whoever asked for it, is held against the schema:
 * watch() stands between fetch and the clients, verdict() fails when an answer
 * was not as it has to be.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';

const ajv = new Ajv2020({ allErrors: true, strictTypes: false, strictRequired: false });
ajv.addSchema(JSON.parse(readFileSync(new URL('schema.json', import.meta.url))), 'ofrep');

/* To add a body: a definition in the schema, a row here. */
const BODIES = [
  { path: /\/ofrep\/v1\/evaluate\/flags\/?$/, status: 200, body: 'bulkSuccess' },
  { path: /\/ofrep\/v1\/evaluate\/flags\/?$/, status: 400, body: 'bulkFailure' },
  { path: /\/ofrep\/v1\/evaluate\/flags\/?$/, status: 404, body: 'bulkFailure' },
  { path: /\/ofrep\/v1\/evaluate\/flags\/./, status: 200, body: 'success' },
  { path: /\/ofrep\/v1\/evaluate\/flags\/./, status: 400, body: 'failure' },
  { path: /\/ofrep\/v1\/evaluate\/flags\/./, status: 404, body: 'notFound' },
  ...[401, 403, 429].flatMap((status) => [
    { path: /\/ofrep\/v1\/evaluate\/flags\/?$/, status, body: 'bulkFailure' },
    { path: /\/ofrep\/v1\/evaluate\/flags\/./, status, body: 'failure' },
  ]),
];
/* A date is read as seconds by one client and raised by another. */
const SECONDS = /^[1-9][0-9]*$/;
const EMPTY = [204, 304];

export function faults_of(name, body) {
  const valid = ajv.getSchema(`ofrep#/$defs/${name}`);

  return valid(body) ? [] : valid.errors.map((e) => `${e.instancePath || '/'} ${e.message}`);
}

async function check(method, url, response) {
  const path = new URL(url).pathname;
  const where = `${method} ${path} ${response.status}`;

  if (EMPTY.includes(response.status)) {
    return (await response.text()) === '' ? [] : [`${where}: has a body`];
  }
  const row = BODIES.find((r) => r.status === response.status && r.path.test(path));
  if (!row) return [`${where}: not a status of this path`];
  if (response.headers.get('content-type') !== 'application/json') return [`${where}: not application/json`];
  if (response.status === 429 && !SECONDS.test(response.headers.get('retry-after') ?? ''))
    return [`${where}: Retry-After is ${response.headers.get('retry-after')}`];
  return faults_of(row.body, await response.json()).map((fault) => `${where}: ${fault}`);
}

class Watch {
  answers = 0;
  faults = [];
  requests = []; /* {method, path, status, headers, began, ended} */

  verdict() {
    assert.deepEqual(this.faults.slice(0, 10), [], 'answers that are not OFREP');
  }
}

export function watch() {
  const plain = globalThis.fetch;
  const seen = new Watch();

  globalThis.fetch = async (input, init) => {
    /* A second Request of the same body would use it up. */
    const request = input instanceof Request ? input : new Request(input, { ...init, body: undefined });
    const began = Date.now();
    const response = await plain(input, init);

    if (new URL(request.url).pathname.includes('/ofrep/v1/evaluate/')) {
      seen.answers++;
      seen.requests.push({
        method: request.method,
        path: new URL(request.url).pathname,
        status: response.status,
        headers: request.headers,
        began,
        ended: Date.now(),
      });
      seen.faults.push(...(await check(request.method, request.url, response.clone())));
    }
    return response;
  };
  return seen;
}
