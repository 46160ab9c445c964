#!/usr/bin/env node
// Starts the conference server: workers, page, signaling, metrics; and ends them in order.
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { WorkerStartError, type WorkerSettings } from 'sluice';
import { AccessError } from './access/grant.js';
import { accessOf, isLoopback, tokenCommand } from './access/options.js';
import { healthcheck } from './healthcheck.js';
import { closeAll, createApp, createSignalingApp, listenOn, ListenError, urlOf, type Health } from './http.js';
import { Log } from './log.js';
import { Metrics } from './metrics/metrics.js';
import { createMetricsApp, metricsHandler, type Readiness } from './metrics/router.js';
import { mediaAddresses } from './network/addresses.js';
import { isBridged, reachability } from './network/reachability.js';
import { publicAddress } from './network/stun.js';
import { metricsTokenVariable, parseOptions, version, type Options } from './options.js';
import { Rooms } from './rooms.js';
import { SignalingServer } from './signaling/server.js';
import { mediaOverHttp } from './whip/router.js';
import { WorkerPool } from './workers.js';

/** How long an orderly end may take, once nobody is waited for any more. */
const closingMs = 5_000;
/** The worker's own (worker/options). */
const allPorts = { min: 10_000, max: 59_999 };

function workerSettings({ listenIp, tcp, rtcPorts, logLevel }: Options, announcedAddress: string | undefined): WorkerSettings {
  const ips = listenIp.length > 0 ? listenIp : ['0.0.0.0', '::'];
  const protocols = tcp ? (['udp', 'tcp'] as const) : (['udp'] as const);
  return {
    logLevel: logLevel === 'info' ? 'warn' : logLevel,
    ...(logLevel === 'debug' ? { logTags: ['info', 'ice', 'dtls'] } : {}),
    listen: protocols.flatMap((protocol) => ips.map((ip) => ({ protocol, ip }))),
    ...(announcedAddress === undefined ? {} : { announcedAddress }),
    ...(rtcPorts === undefined ? {} : { rtcMinPort: rtcPorts.min, rtcMaxPort: rtcPorts.max }),
  };
}

/** What clients are told instead of the machine's own addresses. Throws TypeError. */
async function announcedAddressOf({ announcedAddress, iceServer }: Options): Promise<string | undefined> {
  if (announcedAddress !== 'auto') return announcedAddress;
  const stun = iceServer.find(({ urls }) => urls.startsWith('stun:'));
  if (stun === undefined)
    throw new TypeError('--announced-address auto asks a STUN server, so it needs one: --ice-server stun:HOST (SLUICE_ICE_SERVER)');
  return publicAddress(stun.urls);
}

/** Throws TypeError. */
function metricsTokenOf({ metricsTokenFile }: Options): string | undefined {
  const source = metricsTokenFile === undefined ? metricsTokenVariable : `--metrics-token-file ${metricsTokenFile}`;
  let token: string | undefined;
  try {
    token = metricsTokenFile === undefined ? process.env[metricsTokenVariable] || undefined : readFileSync(metricsTokenFile, 'utf8').trim();
  } catch (error) {
    throw new TypeError(`${source} cannot be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`);
  }
  if (token !== undefined && !/^[!-~]{16,}$/.test(token))
    throw new TypeError(
      `${source} holds no token: expected 16 printable ASCII characters or more, without spaces (try: openssl rand -hex 24)`,
    );
  return token;
}

async function run(options: Options, unknown: string[]): Promise<void> {
  const log = new Log(options.logLevel);
  for (const name of unknown) log.warn(`the variable ${name} means nothing here: see --help`);
  const access = accessOf(options, options.host);
  const metricsToken = metricsTokenOf(options);
  const announced = await announcedAddressOf(options);
  const pool = await WorkerPool.start(options.workers, workerSettings(options, announced), log);
  const limits = { participants: options.roomLimit, keptAwayMs: options.resumeTimeout * 1000 };
  const rooms = new Rooms(pool, limits, access, options.iceServer, log);
  const signaling = new SignalingServer(rooms, log);
  const metrics = new Metrics(pool, rooms, () => signaling.size, version);
  let phase: 'starting' | 'serving' | 'draining' = 'starting';
  const health = (): Health => ({
    status: pool.alive === 0 ? 'down' : pool.alive < pool.size ? 'degraded' : 'ok',
    workers: { running: pool.alive, wanted: pool.size },
    rooms: rooms.size,
    participants: rooms.participants,
  });
  const readiness = (): Readiness => ({
    ready: phase === 'serving' && pool.alive > 0,
    reasons: [
      ...(phase === 'starting' ? ['not all ports are bound yet'] : []),
      ...(phase === 'draining' ? ['the server is about to end'] : []),
      ...(pool.alive < pool.size ? [`${pool.alive} of ${pool.size} media workers run`] : []),
    ],
  });
  const { host, port, signalingPort, metricsPort, metricsHost } = options;
  const readers = { open: false, token: metricsToken, localOnly: isLoopback(host) };
  const ownPort = metricsPort !== undefined;
  const app = createApp({ health, readiness, metrics: ownPort ? undefined : metricsHandler(metrics, readers) }, mediaOverHttp(rooms, log));
  const open: Server[] = [];
  const listen = async (...what: Parameters<typeof listenOn>): Promise<Server[]> => {
    const servers = await listenOn(...what).catch(async (error: unknown) => {
      await closeAll(open);
      await pool.close();
      throw error;
    });
    open.push(...servers);
    return servers;
  };
  const servers = await listen(app, host, port);
  const short = signalingPort === undefined ? [] : await listen(createSignalingApp(), host, signalingPort, '--signaling-port');
  const metricsApp = createMetricsApp(metrics, readiness, metricsToken);
  const watching = ownPort ? await listen(metricsApp, metricsHost, metricsPort, '--metrics-port') : [];
  for (const server of servers) signaling.attach(server);
  for (const server of short) signaling.attachShort(server);
  phase = 'serving';

  const close = async (): Promise<void> => {
    // A second signal: at once.
    if (phase === 'draining') process.exit(1);
    phase = 'draining';
    if (options.drainTimeout > 0 && rooms.participants > 0) {
      log.info(`ending when ${rooms.participants} participants have left, in ${options.drainTimeout} s at the latest`);
      await rooms.drain(options.drainTimeout * 1000);
    }
    setTimeout(() => process.exit(1), closingMs).unref();
    await signaling.close();
    await closeAll(open);
    await pool.close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void close());
  const workers = `${pool.size} media worker${pool.size === 1 ? '' : 's'}`;
  const entry = access.required ? 'entering a room takes a token' : 'rooms are open to everybody, without tokens';
  console.log(`Sluice is ready at ${urlOf(host, servers)} with ${workers}; ${entry}. Ctrl+C ends it.`);
  const { listenIp, tcp, rtcPorts = allPorts } = options;
  const addresses = mediaAddresses(listenIp);
  console.log(reachability({ host, addresses, announced, tcp, rtcPorts, container: isBridged() }));
  if (short.length > 0) console.log(`The short form of its signaling is at ${urlOf(host, short).replace('http', 'ws')} too.`);
  if (watching.length > 0) console.log(`Metrics are at ${urlOf(metricsHost, watching)}/metrics.`);
}

async function main([command, ...rest]: string[]): Promise<void> {
  if (command === 'token') return tokenCommand(rest, console.log);
  if (command === 'healthcheck') return console.log(await healthcheck(parseOptions(rest, 'sluice-server healthcheck').options));
  const { options, unknown } = parseOptions(process.argv.slice(2));
  return run(options, unknown);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const expected = [ListenError, WorkerStartError, AccessError, TypeError].some((kind) => error instanceof kind);
  console.error(
    `sluice-server: ${expected ? (error as Error).message : error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  process.exit(1);
});
