// What the tests of WHIP and WHEP share: requests, what they expect of replies, and a reader of server-sent events.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { fileURLToPath } from 'node:url';
import { offerSdp } from './support.js';

const offers = new URL('../../test/negotiate/offers/', import.meta.url);
export const offerNamed = (name) => readFileSync(fileURLToPath(new URL(`${name}.sdp`, offers)), 'utf8');
/** One audio and two video sections. */
export const watchSdp = offerNamed('chromium-recvonly');
export const sdp = 'application/sdp';
export const fragment = 'application/trickle-ice-sdpfrag';
export const json = 'application/json';
export const candidate = 'a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0\r\n';

/** A refusal, as problem details. Gives the response. */
export async function problem(response, status, sentence) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(response.headers.get('content-type'), /^application\/problem\+json/);
  const told = JSON.parse(text);
  assert.equal(told.status, status);
  assert.match(told.detail, sentence);
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
  return response;
}

/** A session that was made. */
export async function created(response) {
  const answer = await response.text();
  assert.equal(response.status, 201, answer);
  return { answer, location: response.headers.get('location'), etag: response.headers.get('etag'), headers: response.headers };
}

/** The links of a response by their rel. */
export function links(headers) {
  const all = [...headers.get('link').matchAll(/<([^>]*)>((?:; *[\w-]+="(?:[^"\\]|\\.)*")*)/g)];
  return all.map(([, url, parameters]) => ({
    url,
    ...Object.fromEntries(
      [...parameters.matchAll(/([\w-]+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value.replace(/\\(.)/g, '$1')]),
    ),
  }));
}

/** Requests to one server. */
export function client(server) {
  const ask = (method, path, { type, body, headers = {} } = {}) =>
    fetch(new URL(path, server.url), {
      method,
      body,
      headers: { ...(type === undefined ? {} : { 'Content-Type': type }), ...headers },
    });
  const postSdp = (path, body = offerSdp, headers = {}) => ask('POST', path, { type: sdp, body, headers });
  return {
    ask,
    postSdp,
    whip: async (room, query = '') => created(await postSdp(`/whip/${room}${query}`)),
    whep: async (room, body = watchSdp) => created(await postSdp(`/whep/${room}`, body)),
    health: async () => (await fetch(`${server.url}/health`)).json(),
    eventStream: (t, path) => eventStream(t, new URL(path, server.url)),
  };
}

/** Reads server-sent events; `next(name)` gives the data of the next of that name. */
async function eventStream(t, url) {
  const seen = [];
  const request = httpRequest(url);
  request.end();
  const [response] = await once(request, 'response');
  t.after(() => request.destroy());
  let text = '';
  let more = () => {};
  response.setEncoding('utf8').on('data', (data) => {
    text += data;
    const parts = text.split('\n\n');
    text = parts.pop();
    for (const part of parts) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? [];
      if (event !== undefined) seen.push({ event, data: JSON.parse(data) });
    }
    more();
  });
  const closed = new Promise((resolve) => response.once('close', resolve));
  response.on('error', () => {});
  request.on('error', () => {});
  return {
    response,
    closed,
    seen,
    async next(name) {
      for (;;) {
        const found = seen.findIndex(({ event }) => event === name);
        if (found >= 0) return seen.splice(found, 1)[0].data;
        await new Promise((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error(`no event ${name} within 5 s; there were ${JSON.stringify(seen)}`)), 5_000);
          more = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
  };
}
