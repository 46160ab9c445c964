#!/usr/bin/env node
// Starts the conference server: workers, page, signaling; and ends them in order.
import type { Server } from 'node:http';
import { WorkerStartError, type WorkerSettings } from 'sluice';
import { AccessError } from './access/grant.js';
import { accessOf, tokenCommand } from './access/options.js';
import { closeAll, createApp, createSignalingApp, listenOn, ListenError, urlOf, type Health } from './http.js';
import { Log } from './log.js';
import { parseOptions, type Options } from './options.js';
import { Rooms } from './rooms.js';
import { SignalingServer } from './signaling/server.js';
import { mediaOverHttp } from './whip/router.js';
import { WorkerPool } from './workers.js';

/** How long an orderly end may take. */
const closingMs = 5_000;

function workerSettings({ listenIp, announcedAddress, tcp, rtcPorts, logLevel }: Options): WorkerSettings {
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

async function run(options: Options): Promise<void> {
  const log = new Log(options.logLevel);
  const access = accessOf(options, options.host);
  const pool = await WorkerPool.start(options.workers, workerSettings(options), log);
  const limits = { participants: options.roomLimit, keptAwayMs: options.resumeTimeout * 1000 };
  const rooms = new Rooms(pool, limits, access, options.iceServer, log);
  const health = (): Health => ({
    status: pool.alive === 0 ? 'down' : pool.alive < pool.size ? 'degraded' : 'ok',
    workers: { running: pool.alive, wanted: pool.size },
    rooms: rooms.size,
    participants: rooms.participants,
  });
  const app = createApp(health, mediaOverHttp(rooms, log));
  const { host, port, signalingPort } = options;
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
  const signaling = new SignalingServer(rooms, log);
  for (const server of servers) signaling.attach(server);
  for (const server of short) signaling.attachShort(server);

  let closing = false;
  const close = async (): Promise<void> => {
    if (closing) process.exit(1);
    closing = true;
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
  if (short.length > 0) console.log(`The short form of its signaling is at ${urlOf(host, short).replace('http', 'ws')} too.`);
}

const [command, ...rest] = process.argv.slice(2);
const done = command === 'token' ? tokenCommand(rest, console.log) : run(parseOptions(process.argv.slice(2)));
done.catch((error: unknown) => {
  const expected = [ListenError, WorkerStartError, AccessError, TypeError].some((kind) => error instanceof kind);
  console.error(
    `sluice-server: ${expected ? (error as Error).message : error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  process.exit(1);
});
