// The page, /health, /metrics, and WHIP and WHEP over HTTP, on every address that a host name stands for.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import express, { type Express, type RequestHandler, type Router } from 'express';
import { addHealth, type Readiness } from './metrics/router.js';

const pageFolder = fileURLToPath(new URL('../public', import.meta.url));

export interface Health {
  status: 'ok' | 'degraded' | 'down';
  workers: { running: number; wanted: number };
  rooms: number;
  participants: number;
}

/** What operators and their tools ask. `metrics` undefined: served elsewhere. */
export interface Watching {
  health: () => Health;
  readiness: () => Readiness;
  metrics: RequestHandler | undefined;
}

export function createApp({ health, readiness, metrics }: Watching, media: Router): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // of static files it stays; elsewhere it would be taken for the one of an ICE session
  app.use((_request, response, next) => {
    response.set({ 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin' });
    next();
  });
  app.get('/health', (_request, response) => {
    const now = health();
    response
      .status(now.status === 'down' ? 503 : 200)
      .set('Cache-Control', 'no-store')
      .json(now);
  });
  addHealth(app, readiness);
  if (metrics !== undefined) app.get('/metrics', metrics);
  app.use(media);
  // no-cache: asked for anew, and answered 304 as long as nothing changed. A page and its scripts must be of one version.
  app.use(express.static(pageFolder, { setHeaders: (response) => void response.setHeader('Cache-Control', 'no-cache') }));
  app.use((_request, response) => void response.status(404).type('text').send('There is nothing here.\n'));
  return app;
}

/** For a port that takes WebSockets only. */
export function createSignalingApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((_request, response) => {
    response.status(426).set({ Upgrade: 'websocket', Connection: 'Upgrade' }).type('text').send('Only WebSockets are served here.\n');
  });
  return app;
}

/** One line that says what is wrong. */
export class ListenError extends Error {}

function addressesOf(host: string): string[] {
  return host === 'localhost' ? ['127.0.0.1', '::1'] : [host];
}

function listen(app: Express, host: string, port: number): Promise<Server> {
  const server = createServer(app);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

const causes: Record<string, string> = {
  EADDRINUSE: 'it is in use already; choose another with',
  EACCES: 'this user may not use it; choose one above 1023 with',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'no address is known by that name',
};
/** A machine without IPv6 still has a localhost. */
const absentFamily = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** Servers on all addresses of `host`, on one port that `option` chose. Throws ListenError, with none left open. */
export async function listenOn(app: Express, host: string, port: number, option = '--port'): Promise<Server[]> {
  const servers: Server[] = [];
  for (const address of addressesOf(host)) {
    try {
      const wanted = servers[0] === undefined ? port : (servers[0].address() as AddressInfo).port;
      servers.push(await listen(app, address, wanted));
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      if (servers.length > 0 && absentFamily.has(code)) continue;
      for (const server of servers) server.close();
      const where = isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
      const cause = causes[code] ?? message;
      throw new ListenError(`cannot listen on ${where}: ${cause}${cause.endsWith(' with') ? ` ${option}` : ''}`);
    }
  }
  return servers;
}

/** Where a browser on this machine finds the page. */
export function urlOf(host: string, servers: Server[]): string {
  const { port } = servers[0]!.address() as AddressInfo;
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : isIP(host) === 6 ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

/** Stops listening, and ends what is still open. */
export async function closeAll(servers: Server[]): Promise<void> {
  await Promise.all(
    servers.map((server) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    }),
  );
}
