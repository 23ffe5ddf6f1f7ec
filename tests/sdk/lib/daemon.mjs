/*
 * The program under test, on a port of its own over a database of its own.
 * TOGGLED names the binary.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const READY = /^toggled: ready on (http:\/\/\S+)$/;

export class Daemon {
  static async start(...options) {
    const daemon = new Daemon();

    assert.ok(process.env.TOGGLED, 'TOGGLED does not name the binary');
    daemon.directory = await mkdtemp(join(tmpdir(), 'toggled-sdk-'));
    daemon.process = spawn(
      process.env.TOGGLED,
      ['serve', '--listen', '127.0.0.1:0', '--database', join(daemon.directory, 'db'), ...options],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    /* A test that dies leaves nothing behind. */
    daemon.reap = () => daemon.process.kill('SIGKILL');
    process.once('exit', daemon.reap);
    daemon.log = '';
    daemon.process.stderr.on('data', (text) => (daemon.log += text));
    daemon.exited = once(daemon.process, 'exit');
    daemon.url = await Promise.race([
      daemon.#ready(),
      daemon.exited.then(() => assert.fail(`it did not start:\n${daemon.log}`)),
    ]);
    return daemon;
  }

  async #ready() {
    for await (const line of createInterface({ input: this.process.stdout })) {
      const match = READY.exec(line);

      assert.ok(match, `not a ready line: ${line}`);
      this.process.stdout.resume();
      return match[1];
    }
    return assert.fail(`it said nothing:\n${this.log}`);
  }

  /* Fails unless it ends as a supervisor expects: with 0, asked politely. */
  async stop() {
    this.process.kill('SIGTERM');
    const [code, signal] = await this.exited;

    process.off('exit', this.reap);
    await rm(this.directory, { recursive: true, force: true });
    assert.deepEqual([code, signal], [0, null], this.log);
  }

  environment(name) {
    return `${this.url}/v1/envs/${name}`;
  }

  /* The answer's body, or an error with the problem document in it. */
  async call(method, path, body) {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.admin ? { 'X-API-Key': this.admin } : {}),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();

    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /* A flagd document, or {toggles, segments}, as one change. */
  async change(document, { environment = 'default', lenient = false } = {}) {
    return this.call('POST', `/v1/envs/${environment}/changes${lenient ? '?lenient=true' : ''}`, document);
  }

  /* From here on every call needs a token; those of this object have one. */
  async lock() {
    this.admin = (await this.call('POST', '/v1/tokens', { name: 'admin', role: 'admin' })).token;
  }

  async client_token(name, options = {}) {
    return this.call('POST', '/v1/tokens', { name, role: 'client', environments: ['default'], ...options });
  }

  async flip(key, patch, environment = 'default') {
    return this.call('PATCH', `/v1/envs/${environment}/toggles/${key}`, patch);
  }
}
