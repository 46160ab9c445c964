// What Prometheus scrapes: the workers' statistics, each worker's in one request whatever it holds, and those of this process.
import { collectDefaultMetrics, Counter, Gauge, Registry, type Metric } from 'prom-client';
import type { Histogram, WorkerStat } from 'sluice';
import type { Rooms } from '../rooms.js';
import type { WorkerPool } from '../workers.js';
import { workerMetrics, type Labels, type WorkerMetric } from './worker_metrics.js';

/** A worker that does not answer so soon is told of as down: the others are worth more than a scrape that fails. */
const patienceMs = 2_000;

interface Value {
  value: number;
  labels: Labels;
  metricName?: string;
}

/** By the number of a worker's place in the pool, which outlives it. */
type Snapshot = ReadonlyMap<number, WorkerStat>;

/** Prometheus counts what is within each bound, smaller values included. */
function bucketsOf(name: string, labels: Labels, { bounds, counts, sum }: Histogram): Value[] {
  let count = 0;
  const buckets = counts.map((here, index): Value => {
    count += here;
    return { metricName: `${name}_bucket`, labels: { le: bounds[index] ?? '+Inf', ...labels }, value: count };
  });
  return [...buckets, { metricName: `${name}_sum`, labels, value: sum }, { metricName: `${name}_count`, labels, value: count }];
}

function valuesOf(metric: WorkerMetric, snapshot: Snapshot): Value[] {
  return [...snapshot].flatMap(([worker, stat]) =>
    metric.type === 'histogram'
      ? metric.of(stat).flatMap(([labels, histogram]) => bucketsOf(metric.name, { worker, ...labels }, histogram))
      : metric.of(stat).map(([labels, value]): Value => ({ labels: { worker, ...labels }, value })),
  );
}

async function withPatience<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), patienceMs)));
  try {
    return await Promise.race([promise.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #pool: WorkerPool;
  #snapshot: Snapshot = new Map();
  #scraping: Promise<string> | undefined;

  constructor(pool: WorkerPool, rooms: Rooms, connections: () => number, version: string) {
    this.#pool = pool;
    const registers = [this.#registry];
    const gauge = (name: string, help: string, value: () => number): Gauge =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    new Gauge({ name: 'sluice_build_info', help: 'Always 1; its label tells the version.', labelNames: ['version'], registers }).set(
      { version },
      1,
    );
    gauge('sluice_workers_wanted', 'Workers that the server was told to run.', () => pool.size);
    gauge('sluice_workers_running', 'Workers that run.', () => pool.alive);
    gauge('sluice_participants', 'Participants of all rooms, those who only watch included.', () => rooms.participants);
    gauge('sluice_signaling_connections', 'WebSockets of clients.', connections);
    const restarts = new Counter({
      name: 'sluice_worker_restarts_total',
      help: 'Workers that took the place of one that died.',
      registers,
    });
    pool.on('restarted', () => restarts.inc());
    this.#add({ name: 'sluice_worker_up', help: 'Whether the worker answered this scrape.', type: 'gauge' }, () =>
      Array.from({ length: pool.size }, (_, worker) => ({ labels: { worker }, value: this.#snapshot.has(worker) ? 1 : 0 })),
    );
    for (const metric of workerMetrics) this.#add(metric, () => valuesOf(metric, this.#snapshot));
    collectDefaultMetrics({ register: this.#registry });
    // Gauges whose names say that they are counters.
    for (const what of ['handles', 'requests', 'resources']) this.#registry.removeSingleMetric(`nodejs_active_${what}_total`);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In Prometheus' text format. Scrapes that come while one is under way get the same. */
  scrape(): Promise<string> {
    this.#scraping ??= this.#scrape().finally(() => (this.#scraping = undefined));
    return this.#scraping;
  }

  async #scrape(): Promise<string> {
    const answers = await Promise.all(
      this.#pool.workers.map(async (worker, place) => {
        const stat = worker === undefined ? undefined : await withPatience(worker.getStats());
        return stat === undefined ? [] : [[place, stat] as const];
      }),
    );
    this.#snapshot = new Map(answers.flat());
    return this.#registry.metrics();
  }

  /** prom-client's own counters and histograms can only be added to; these values come summed up. */
  #add({ name, help, type }: Pick<WorkerMetric, 'name' | 'help' | 'type'>, values: () => Value[]): void {
    const metric = { name, get: () => Promise.resolve({ name, help, type, values: values(), aggregator: 'sum' }), reset: () => {} };
    this.#registry.registerMetric(metric as unknown as Metric);
  }
}
