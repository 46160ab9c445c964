// Runs one scenario of test/conformance (its README says what steps there are) with this package, and notes what it has used.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as sluice from 'sluice';
import { Client } from './webrtc_client.js';

const root = new URL('../../', import.meta.url);
const { shared } = JSON.parse(readFileSync(new URL('test/conformance/surface.json', root), 'utf8'));
const isObject = (value) => typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** What all scenarios have used: as paths of surface.json. */
export const used = new Set();

/** Class names of an object, the most derived first, as surface.json has them. */
function classesOf(object) {
  const names = [];
  for (let type = object.constructor; type?.name && type.name !== 'Object'; type = Object.getPrototypeOf(type)) names.push(type.name);
  return names;
}

function note(object, member, details = []) {
  for (const name of classesOf(object)) for (const path of pathsOf(`classes/${name}/${member}`, details)) used.add(path);
}

const pathsOf = (path, details) => [path, ...details.map((detail) => `${path}/${detail}`)];

/** Arguments by position stand for parameters when all are given. */
function positional(path, count) {
  const parameters = shared.filter((line) => line.startsWith(`${path}/`)).map((line) => line.slice(path.length + 1));
  return parameters.length === count ? parameters : [];
}

export class Runner {
  #t;
  #values;
  #objects = new Map([['sluice', sluice]]);
  /** Events that were told and not yet taken: { object, name: "score" or "observer.score", args }. */
  #events = [];
  #heard = new WeakSet();

  constructor(t, values) {
    this.#t = t;
    this.#values = values;
    t.after(() => this.#objects.get('worker')?.close());
  }

  async run(steps) {
    for (const [index, step] of steps.entries()) {
      try {
        await this.#perform(step);
      } catch (error) {
        error.message = `step ${index} ${JSON.stringify(step)}: ${error.message}`;
        throw error;
      }
    }
  }

  async #perform(step) {
    if ('call' in step || 'new' in step) return this.#invoke(step);
    if ('get' in step) return this.#match(this.#resolve(step.get), step.is);
    if ('event' in step) return this.#await(step);
    if ('rtp' in step) return this.#send(step);
    if ('client' in step) return this.#client(step);
    if ('signal' in step) return process.kill(this.#objects.get('worker').pid, step.signal);
    if ('wait' in step) return wait(step.wait);
    throw new Error('no such step');
  }

  // --- Calling -----------------------------------------------------------------------------------------------------------

  async #invoke(step) {
    const path = (step.call ?? step.new).split('.');
    const name = path.pop();
    const target = path.length === 0 ? sluice : this.#resolve(path.join('.'), step.new && sluice);
    const args = (step.args ?? []).map((argument) => this.#plain(argument));
    if ('options' in step) args.push(this.#plain(step.options));
    const of = step.new ? `classes/${name}/constructor` : target === sluice ? `functions/${name}` : undefined;
    const given = Object.keys(step.options ?? {});
    const details = [...given, ...positional(of ?? `classes/${target.constructor.name}/methods/${name}`, args.length)];
    if (of) pathsOf(of, step.new ? [...details, 'room', 'name'] : details).forEach((path) => used.add(path));
    else note(target, `methods/${name}`, details);
    let result;
    try {
      result = step.new ? new target[name](...args) : await target[name](...args);
    } catch (error) {
      if (!step.raises) throw error;
      return this.#raised(error, step.raises);
    }
    assert.ok(!step.raises, `it did not raise ${JSON.stringify(step.raises)}`);
    if (step.as) this.#name(step.as, result);
    if ('returns' in step) this.#match(result, step.returns);
  }

  #raised(error, { error: name, field, message }) {
    assert.equal(error.constructor.name, name, error.stack);
    used.add(`errors/${name}`);
    if (field !== undefined) assert.equal(error.field, field);
    if (message !== undefined) assert.match(error.message, new RegExp(message));
  }

  #name(name, object) {
    this.#objects.set(name, object);
    this.#hear(object);
  }

  /** From now on all it tells is heard; and so with whatever it tells of. */
  #hear(object) {
    if (typeof object?.emit !== 'function' || this.#heard.has(object)) return;
    this.#heard.add(object);
    this.#listen(object, '', object);
    if (object.observer) this.#listen(object.observer, 'observer.', object);
  }

  #listen(emitter, prefix, object) {
    const { emitUnchecked } = emitter;
    emitter.emitUnchecked = (name, ...args) => {
      args.forEach((argument) => this.#hear(argument));
      this.#events.push({ object, name: `${prefix}${name}`, args });
      return emitUnchecked.call(emitter, name, ...args);
    };
  }

  #waiting(event) {
    const [head, ...name] = event.split('.');
    return this.#events.findIndex((told) => told.object === this.#objects.get(head) && told.name === name.join('.'));
  }

  // --- Events ------------------------------------------------------------------------------------------------------------

  async #await({ event, args, all = false, as, timeout = 8_000 }) {
    for (const end = Date.now() + timeout; ;) {
      const told = await this.#next(event, end);
      try {
        if (args) this.#match(told.args, args);
      } catch (error) {
        if (!all || Date.now() > end) throw error;
        continue;
      }
      if (as) this.#name(as, told.args[0]);
      return;
    }
  }

  async #next(event, end) {
    for (;;) {
      const index = this.#waiting(event);
      if (index >= 0) {
        const [told] = this.#events.splice(index, 1);
        const name = event.split('.').at(-1);
        note(told.object, `${event.includes('.observer.') ? 'observerEvents' : 'events'}/${name}`);
        return told;
      }
      const left = end - Date.now();
      assert.ok(
        left > 0,
        `no ${event}; told were ${this.#events.map(({ object, name }) => `${object.constructor.name} ${name}`).join(', ')}`,
      );
      await wait(2);
    }
  }

  // --- Media -------------------------------------------------------------------------------------------------------------

  async #send({ rtp, to, packet, count = 1, every = 0, timestampStep = 0, until }) {
    const bytes = Buffer.from(packet.replaceAll(' ', ''), 'hex');
    const socket = to === undefined ? undefined : createSocket('udp4');
    const port = to === undefined ? 0 : this.#resolve(to);
    for (let sent = 0; until ? this.#waiting(until) < 0 : sent < count; sent++) {
      assert.ok(sent < 1_000, `no ${until}`);
      if (socket) await new Promise((resolve) => socket.send(bytes, port, '127.0.0.1', resolve));
      else {
        const producer = this.#objects.get(rtp);
        producer.send(Buffer.from(bytes));
        note(producer, 'methods/send', ['packet']);
      }
      bytes.writeUInt16BE((bytes.readUInt16BE(2) + 1) & 0xffff, 2);
      bytes.writeUInt32BE((bytes.readUInt32BE(4) + timestampStep) >>> 0, 4);
      if (every > 0 || until) await wait(every);
    }
    socket?.close();
  }

  async #client({ client: name, send = [], channels = [], join, answer, say, close, inactive }) {
    let entry = this.#objects.get(name);
    if (!entry) {
      entry = { client: new Client(this.#t), channels: [], received: [] };
      entry.client.pc.ondatachannel = ({ channel }) => entry.received.push(channel);
      this.#objects.set(name, entry);
    }
    const { client } = entry;
    if (send.length > 0) client.send(...send);
    for (const label of channels) entry.channels.push(client.pc.createDataChannel(label));
    if (inactive) for (const transceiver of client.pc.getTransceivers()) transceiver.direction = 'inactive';
    if (join) {
      const peer = this.#objects.get(join);
      await peer.setRemoteDescription(await client.offer());
      await peer.setLocalDescription();
      await client.accept(peer.localDescription);
    }
    if (answer) {
      const peer = this.#objects.get(answer);
      await peer.setLocalDescription();
      await peer.setRemoteDescription(await client.answer(peer.localDescription));
    }
    if (say) {
      const [channel] = entry.channels;
      if (channel.readyState !== 'open') await new Promise((resolve) => (channel.onopen = resolve));
      channel.send(say);
    }
    if (close === true) client.close();
    else if (close) {
      const channels = close === 'received' ? entry.received : entry.channels;
      while (channels.length === 0) await wait(5);
      channels[0].close();
    }
  }

  // --- Values ------------------------------------------------------------------------------------------------------------

  #resolve(path, start) {
    const [head, ...rest] = path.split('.');
    let value = start ? start[head] : head === 'values' ? this.#values : this.#objects.get(head);
    assert.ok(value !== undefined, `nothing is called ${head}`);
    for (const name of rest) {
      if (!isObject(value)) note(value, `properties/${name}`);
      value = value?.[name];
    }
    return value;
  }

  /** What a scenario writes as the value that it stands for. */
  #plain(value) {
    if (typeof value === 'string' && value.startsWith('$')) {
      const resolved = this.#resolve(value.slice(1));
      return value.startsWith('$values.') ? this.#plain(resolved) : resolved;
    }
    if (Array.isArray(value)) return value.map((item) => this.#plain(item));
    if (!isObject(value)) return value;
    if ('$hex' in value) return Buffer.from(value.$hex.replaceAll(' ', ''), 'hex');
    if ('$zeros' in value) return Buffer.alloc(value.$zeros);
    if ('$path' in value) return fileURLToPath(new URL(value.$path, root));
    if ('$file' in value) return readFileSync(new URL(value.$file, root), 'utf8');
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.#plain(item)]));
  }

  #match(actual, expected, path = 'value') {
    if (typeof expected === 'string' && expected.startsWith('$')) {
      const resolved = this.#plain(expected);
      if (typeof resolved === 'object')
        return expected.startsWith('$values.') ? this.#match(actual, resolved, path) : assert.equal(actual, resolved);
      return assert.deepEqual(actual, resolved, path);
    }
    if (Array.isArray(expected)) {
      assert.ok(Array.isArray(actual), `${path} is ${JSON.stringify(actual)}, expected a list`);
      assert.equal(actual.length, expected.length, `${path} has ${JSON.stringify(actual)}`);
      return expected.forEach((item, index) => this.#match(actual[index], item, `${path}[${index}]`));
    }
    if (!isObject(expected)) return assert.deepEqual(actual ?? null, expected, path);
    if ('$any' in expected) return assert.ok(actual !== undefined && actual !== null, path);
    if ('$absent' in expected) return assert.equal(actual ?? null, null, path);
    if ('$hex' in expected) return assert.deepEqual(actual, this.#plain(expected), path);
    if ('$regex' in expected) return assert.match(actual, new RegExp(expected.$regex), path);
    if ('$min' in expected) return assert.ok(actual >= expected.$min, `${path} is ${actual}`);
    if ('$type' in expected) {
      const type = Array.isArray(actual) ? 'array' : Number.isInteger(actual) ? 'integer' : typeof actual;
      return assert.equal(type, expected.$type, `${path}: ${JSON.stringify(actual)}`);
    }
    for (const [name, item] of Object.entries(expected)) this.#match(actual?.[name], item, `${path}.${name}`);
  }
}
