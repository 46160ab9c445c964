// The media workers: one a core, supervised. One that dies is told of and replaced; what was in it is gone.
import { setTimeout as wait } from 'node:timers/promises';
import { createWorker, EnhancedEventEmitter, type Room, type Worker, type WorkerSettings } from 'sluice';
import type { Log } from './log.js';

/** What the conference server routes: the first of a kind is what browsers will use. */
const mediaCodecs = [
  { kind: 'audio' as const, mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
  { kind: 'video' as const, mimeType: 'video/VP8', clockRate: 90000 },
];

const firstRestartMs = 100;
const mostRestartMs = 5_000;
/** How long a new room waits for a worker when none is running. */
const patienceMs = 5_000;

interface Slot {
  worker: Worker | undefined;
  /** Participants in it, for the choice of the least loaded. */
  load: number;
}

export class WorkerPool extends EnhancedEventEmitter<{ restarted: [] }> {
  readonly #settings: WorkerSettings;
  readonly #log: Log;
  readonly #slots: Slot[] = [];
  #closed = false;

  private constructor(settings: WorkerSettings, log: Log) {
    super();
    this.#settings = settings;
    this.#log = log;
  }

  /** Rejects with why a worker cannot start; none is left running then. */
  static async start(count: number, settings: WorkerSettings, log: Log): Promise<WorkerPool> {
    const pool = new WorkerPool(settings, log);
    const started = await Promise.allSettled(Array.from({ length: count }, () => createWorker(settings)));
    for (const result of started) if (result.status === 'fulfilled') pool.#fill(pool.#newSlot(), result.value);
    const failed = started.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      await pool.close();
      throw failed.reason;
    }
    return pool;
  }

  get size(): number {
    return this.#slots.length;
  }

  /** By their places, which outlive them; undefined where one died and its successor has yet to start. */
  get workers(): (Worker | undefined)[] {
    return this.#slots.map(({ worker }) => worker);
  }

  get alive(): number {
    return this.#slots.filter(({ worker }) => worker !== undefined).length;
  }

  /** Makes a room in the least loaded worker. `count` tells the pool how the number of its participants changes. */
  async createRoom(): Promise<{ media: Room; count: (change: number) => void }> {
    if (this.alive === 0) await this.#restarted();
    const slot = this.#slots.filter(({ worker }) => worker !== undefined).sort((a, b) => a.load - b.load)[0];
    if (slot?.worker === undefined) throw new Error('no media worker is running');
    const { worker } = slot;
    const count = (change: number): void => {
      if (slot.worker === worker) slot.load += change;
    };
    return { media: await worker.createRoom({ mediaCodecs }), count };
  }

  /** Resolves when all of their processes are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    const workers = this.#slots.flatMap(({ worker }) => worker ?? []);
    const gone = workers.map((worker) => new Promise<void>((resolve) => worker.once('subprocessclose', resolve)));
    for (const worker of workers) worker.close();
    await Promise.all(gone);
  }

  #newSlot(): Slot {
    const slot: Slot = { worker: undefined, load: 0 };
    this.#slots.push(slot);
    return slot;
  }

  #fill(slot: Slot, worker: Worker): void {
    slot.worker = worker;
    slot.load = 0;
    worker.on('died', (error) => {
      slot.worker = undefined;
      this.#log.error(`${error.message}; starting another`);
      void this.#replace(slot);
    });
  }

  async #replace(slot: Slot): Promise<void> {
    for (let delay = 0; !this.#closed; delay = Math.min(mostRestartMs, Math.max(firstRestartMs, delay * 2))) {
      await wait(delay);
      try {
        const worker = await createWorker(this.#settings);
        if (this.#closed) return worker.close();
        this.#fill(slot, worker);
        this.#log.info(`worker ${worker.pid} took its place`);
        this.emit('restarted');
        return;
      } catch (error) {
        this.#log.error((error as Error).message);
      }
    }
  }

  #restarted(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.off('restarted', done);
        resolve();
      };
      const timer = setTimeout(done, patienceMs);
      this.on('restarted', done);
    });
  }
}
