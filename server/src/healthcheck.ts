// `sluice-server healthcheck`: asks the server that these options describe whether it is ready. For containers, which may hold
// no other program that could.
import { get } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Options } from './options.js';

const patienceMs = 3_000;

/** Resolves with a line that says how it is; rejects with one that says what is wrong. */
export function healthcheck({ host, port }: Pick<Options, 'host' | 'port'>): Promise<string> {
  const name = host === 'localhost' || host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const url = `http://${isIPv6(name) ? `[${name}]` : name}:${port}/readyz`;
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new TypeError(`${url}: ${why}`));
    const request = get(url, { timeout: patienceMs }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => (response.statusCode === 200 ? resolve(text.trim()) : fail(text.trim())));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${patienceMs / 1000} s`)));
    request.on('error', (error) => fail(error.message));
  });
}
