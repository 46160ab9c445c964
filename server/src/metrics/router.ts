// /metrics and who may read it; /healthz and /readyz, which everybody may.
import { timingSafeEqual, createHash } from 'node:crypto';
import { isIP } from 'node:net';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { isLoopback } from '../access/options.js';
import type { Metrics } from './metrics.js';

export interface Readiness {
  ready: boolean;
  /** One sentence each: why not, or what is not as it should be all the same. */
  reasons: string[];
}

/** Alive: this answers at all. Ready: rooms can be entered. */
export function addHealth(app: Express, readiness: () => Readiness): void {
  const answer = (response: Response, status: number, body: object): void => {
    response.status(status).set('Cache-Control', 'no-store').json(body);
  };
  app.get('/healthz', (_request, response) => answer(response, 200, { status: 'alive', uptime: process.uptime() }));
  app.get('/readyz', (_request, response) => {
    const { ready, reasons } = readiness();
    answer(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', reasons });
  });
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** As `Authorization: Bearer TOKEN`, which Prometheus sends as told by `authorization.credentials`. */
function bears(request: Request, token: string): boolean {
  const [, given] = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '') ?? [];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

/** What a proxy adds: then the client is not on this machine, whatever the connection's address says. */
const forwarding = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** By somebody on this machine, under a name of this machine (a page that some browser here has open could use another). */
function isLocal(request: Request): boolean {
  const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const name = (request.get('host') ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isIP(address) !== 0 && isLoopback(address) && isLoopback(name) && forwarding.every((header) => request.get(header) === undefined);
}

/**
 * `open`: to whoever reaches this port. Else with the token, or, where the server is for this machine only, from this machine.
 */
export function metricsHandler(metrics: Metrics, who: { open: boolean; token: string | undefined; localOnly: boolean }): RequestHandler {
  return (request, response, next) => {
    const allowed = who.token !== undefined ? bears(request, who.token) : who.open || (who.localOnly && isLocal(request));
    if (!allowed) {
      const how =
        who.token === undefined
          ? 'Metrics are not served on this port: see --metrics-port and --metrics-token-file.'
          : 'Metrics take the token of --metrics-token-file as a bearer token.';
      response.status(who.token === undefined ? 403 : 401).set(who.token === undefined ? {} : { 'WWW-Authenticate': 'Bearer' });
      response.type('text').send(`${how}\n`);
      return;
    }
    metrics
      .scrape()
      .then((text) => void response.set({ 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' }).end(text), next);
  };
}

/** For a port of its own. */
export function createMetricsApp(metrics: Metrics, readiness: () => Readiness, token: string | undefined): Express {
  const app = express();
  app.disable('x-powered-by');
  addHealth(app, readiness);
  app.get('/metrics', metricsHandler(metrics, { open: true, token, localOnly: false }));
  app.use((_request, response) => void response.status(404).type('text').send('There are /metrics, /healthz and /readyz here.\n'));
  return app;
}
