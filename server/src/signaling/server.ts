// The WebSockets at /signaling, and in the short form at /: upgrades in, one Connection each, their heartbeat and their end.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Log } from '../log.js';
import type { Rooms } from '../rooms.js';
import { Connection } from './connection.js';
import { fullForm, shortForm, type Dialect } from './dialect.js';

const fullPath = '/signaling';
const shortPath = '/';
const mostFrameSize = 1 << 20;
const beatMs = 10_000;
/** How long clients may take to answer the closing handshake. */
const closingMs = 1_000;

export class SignalingServer {
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: mostFrameSize });
  readonly #connections = new Set<Connection>();
  readonly #beat: NodeJS.Timeout;
  readonly #rooms: Rooms;
  readonly #log: Log;

  constructor(rooms: Rooms, log: Log) {
    this.#rooms = rooms;
    this.#log = log;
    this.#beat = setInterval(() => this.#connections.forEach((connection) => connection.beat()), beatMs);
  }

  /** Open WebSockets. */
  get size(): number {
    return this.#connections.size;
  }

  /** Takes the WebSocket upgrades of this server. */
  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => {
      const address = addressOf(request);
      const dialect = address.pathname === fullPath ? fullForm() : address.pathname === shortPath ? shortForm(address) : undefined;
      this.#upgrade(request, socket, head, dialect);
    });
  }

  /** Takes those of a server that is for the short form alone, whatever their path. */
  attachShort(server: Server): void {
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head, shortForm(addressOf(request))));
  }

  /** Resolves when all sockets are closed. */
  async close(): Promise<void> {
    clearInterval(this.#beat);
    for (const connection of this.#connections) connection.shutDown();
    const deadline = setTimeout(() => this.#sockets.clients.forEach((socket) => socket.terminate()), closingMs);
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (this.#sockets.clients.size === 0) resolve();
      };
      for (const socket of this.#sockets.clients) socket.once('close', () => setImmediate(check));
      check();
    });
    clearTimeout(deadline);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, dialect: Dialect | undefined): void {
    socket.on('error', () => {});
    if (dialect === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new Connection(webSocket, this.#rooms, this.#log, dialect);
      this.#connections.add(connection);
      webSocket.once('close', () => this.#connections.delete(connection));
    });
  }
}

/** A target that is no address is one of nothing. */
function addressOf({ url = '/' }: IncomingMessage): URL {
  return URL.canParse(url, 'http://host') ? new URL(url, 'http://host') : new URL('http://host/nothing');
}
