import type { ChildProcess } from 'node:child_process';
import type { Channel } from './channel/channel.js';
import { Link } from './channel/link.js';
import { InvalidStateError, WorkerDiedError } from './errors.js';
import { EnhancedEventEmitter } from './events.js';
import { reportLogRecord } from './log.js';
import type { AppData } from './remote_object.js';
import { Room, type RoomOptions } from './room.js';
import { list, needObject } from './shapes/shape.js';
import { logLevel, logRecord, logTag, resourceUsageFromWire } from './shapes/stats.js';
import { workerStat } from './shapes/worker_stats.js';
import type { LogRecord, WorkerLogTag } from './types/log.js';
import type { WorkerResourceUsage } from './types/stats.js';
import type { WorkerStat } from './types/worker_stats.js';
import * as wire from './wire/index.js';
import { startWorker, type StartedWorker } from './worker_process.js';
import { needWorkerBin } from './worker_bin.js';
import { workerArguments, type UpdatableSettings, type WorkerSettings } from './worker_settings.js';

export type WorkerEvents = {
  /** It ended by itself. All its rooms are closed; start another. */
  died: [error: WorkerDiedError];
  /** Its process is gone, whoever ended it. */
  subprocessclose: [];
  /** A line of its log, which goes to stderr too. */
  log: [record: LogRecord];
};

export type WorkerObserverEvents = { close: []; newroom: [room: Room]; newrouter: [room: Room] };

/** How long the process may take to end by itself after close(). */
const graceMs = 2_000;
/** How long after the end of its channel the process may take to end, so that its exit code can be told. */
const exitCodeMs = 500;

/** A media process: one thread, for one core. Made by {@link createWorker}. */
export class Worker extends EnhancedEventEmitter<WorkerEvents> {
  /** Process id. */
  readonly pid: number;
  readonly observer = new EnhancedEventEmitter<WorkerObserverEvents>();
  appData: AppData;
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  readonly #link: Link;
  readonly #rooms = new Set<Room>();
  #logTags: WorkerLogTag[];
  #closed = false;
  #died = false;
  #subprocessClosed = false;

  /** @internal */
  constructor({ child, pid, channel }: StartedWorker, settings: WorkerSettings) {
    super();
    this.#child = child;
    this.#channel = channel;
    this.#link = new Link(channel, (record) => this.#logged(logRecord.fromWire(record)));
    this.pid = pid;
    this.appData = settings.appData ?? {};
    this.#logTags = settings.logTags ?? [];
    let reason: Error | undefined;
    channel.on('close', (error) => {
      reason = error;
      this.#channelClosed();
    });
    child.once('exit', (code, signal) => this.#exited(code, signal, reason));
    child.once('close', () => {
      this.#subprocessClosed = true;
      this.emit('subprocessclose');
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** It ended by itself. */
  get died(): boolean {
    return this.#died;
  }

  /** Its process is gone. */
  get subprocessClosed(): boolean {
    return this.#subprocessClosed;
  }

  /** Closes all its rooms and ends its process. `subprocessclose` tells when it is gone. */
  close(): void {
    if (this.#closed) return;
    this.#end();
    this.#channel.close();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs).unref();
    this.#child.once('exit', () => clearTimeout(timer));
  }

  /** Everything the worker knows about itself; for people, not for programs. */
  async dump(): Promise<Record<string, unknown>> {
    this.#checkOpen();
    const { json } = await this.#link.request(new wire.DumpT(wire.ObjectKind.WORKER), wire.DumpReplyT);
    return JSON.parse(String(json)) as Record<string, unknown>;
  }

  /** What all rooms add up to, and how the process fares: one request, however much there is. */
  async getStats(): Promise<WorkerStat> {
    this.#checkOpen();
    const { worker } = await this.#link.request(new wire.GetStatsT(wire.ObjectKind.WORKER), wire.StatsReplyT);
    return workerStat.fromWire(worker!);
  }

  async getResourceUsage(): Promise<WorkerResourceUsage> {
    this.#checkOpen();
    return resourceUsageFromWire(await this.#link.request(new wire.GetResourceUsageT(), wire.ResourceUsageReplyT));
  }

  /** Changes what is given. */
  async updateSettings(settings: UpdatableSettings = {}): Promise<void> {
    needObject(settings, 'settings');
    const level = settings.logLevel === undefined ? null : logLevel.toWire(settings.logLevel, 'logLevel');
    const tags = settings.logTags ?? this.#logTags;
    // The generated code cannot leave a list out, so the tags are always sent.
    const command = new wire.UpdateSettingsT(level, list(logTag).toWire(tags, 'logTags'));
    this.#checkOpen();
    await this.#link.request(command, wire.DoneT);
    this.#logTags = tags;
  }

  async createRoom(options: RoomOptions = {}): Promise<Room> {
    needObject(options, 'options');
    this.#checkOpen();
    const room = await Room.create(this.#link, options);
    this.#checkOpen();
    this.#rooms.add(room);
    room.observer.once('close', () => this.#rooms.delete(room));
    this.observer.emit('newroom', room);
    this.observer.emit('newrouter', room);
    return room;
  }

  /** createRoom under mediasoup's name. */
  createRouter(options: RoomOptions = {}): Promise<Room> {
    return this.createRoom(options);
  }

  #checkOpen(): void {
    if (this.#closed) throw new InvalidStateError('this worker is closed');
  }

  #end(): void {
    this.#closed = true;
    for (const room of [...this.#rooms]) room.end('workerclose');
    this.observer.emit('close');
  }

  /** When we did not ask for it, the process is about to end; if it does not, it has lost its mind. */
  #channelClosed(): void {
    if (this.#closed || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), exitCodeMs);
    this.#child.once('exit', () => clearTimeout(timer));
  }

  #exited(code: number | null, signal: NodeJS.Signals | null, reason: Error | undefined): void {
    this.#channel.close(new Error(`the worker process ${this.pid} is gone`));
    if (this.#closed) return;
    this.#died = true;
    const error = new WorkerDiedError(this.pid, code, signal, reason?.message);
    this.#end();
    this.emit('died', error);
  }

  #logged(record: LogRecord): void {
    this.emit('log', record);
    reportLogRecord(record);
  }
}

/** Starts a worker. Rejects with one clear {@link WorkerStartError} when it cannot start. */
export async function createWorker<Data extends AppData = AppData>(settings: WorkerSettings<Data> = {}): Promise<Worker> {
  const args = workerArguments(settings);
  const worker = new Worker(await startWorker(settings.workerBin ?? needWorkerBin(), args), settings);
  observer.emit('newworker', worker);
  return worker;
}

/** Tells of every worker that is made. */
export const observer = new EnhancedEventEmitter<{ newworker: [worker: Worker] }>();
