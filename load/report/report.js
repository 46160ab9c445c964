// Draws the JSON of a run (docs/load.md) into the page of sluice-load --report. uPlot is in the page; nothing is fetched.
/* global uPlot */
/** @typedef {{ label: string, values: (number | null)[], color: string, fill?: boolean, dash?: number[] }} Series */

const data = JSON.parse(/** @type {HTMLElement} */ (document.getElementById('data')).textContent ?? '{}');
const page = /** @type {HTMLElement} */ (document.getElementById('report'));

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 */
function element(tag, attributes = {}, ...children) {
  const out = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) out.setAttribute(name, value);
  out.append(...children);
  return out;
}

/** Three digits, as far as they mean something. @param {number | null | undefined} value */
function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  return value.toLocaleString('en', { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 2 });
}

/** @param {number} value @param {string} unit */
function prefixed(value, unit) {
  for (const [factor, prefix] of /** @type {const} */ ([
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ])) {
    if (value >= factor) return `${number(value / factor)} ${prefix}${unit}`;
  }
  return `${number(value)} ${unit}`;
}

/** @param {number} bytes */
const mebibytes = (bytes) => `${number(bytes / 2 ** 20)} MiB`;
/** @param {number} count @param {string} noun */
const plural = (count, noun) => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

/** @param {string} name */
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// --- Words ------------------------------------------------------------------------------------------------------------

function head() {
  const rooms = `${plural(data.rooms, 'room')} with ${plural(data.publishers, 'publisher')} and ${plural(data.viewers, 'viewer')}${data.rooms === 1 ? '' : ' each'}`;
  page.append(
    element('h1', {}, rooms),
    element('div', { class: 'soft' }, `${data.media}${data.network ? ` over a network with ${data.network}` : ''}`),
    element(
      'div',
      { class: 'soft' },
      `To ${data.target}, ${data.date.replace('T', ' ').replace('Z', ' UTC')}, ${number(data.seconds)} s${data.interrupted ? ', ended early' : ''}`,
    ),
    element('code', { class: 'soft' }, data.command),
  );
  const verdict = element(
    'div',
    { class: `verdict ${data.ok ? 'good' : 'bad'}` },
    data.ok ? `All is well: ${plural(data.joining.joined, 'peer')} joined, and every viewer got what was sent` : 'Not well',
  );
  if (!data.ok) verdict.append(element('ul', {}, ...data.problems.map((/** @type {string} */ problem) => element('li', {}, problem))));
  page.append(
    verdict,
    ...data.warnings.map((/** @type {string} */ warning) => element('div', { class: 'warning' }, `Warning: ${warning}`)),
  );
}

function tiles() {
  const { joining, watching, cost } = data;
  const lost = watching.packets + watching.lost > 0 ? (100 * watching.lost) / (watching.packets + watching.lost) : 0;
  /** @type {[string, string][]} */
  const all = [
    [`${joining.joined.toLocaleString('en')} of ${joining.peers.toLocaleString('en')}`, 'peers joined'],
    [`${number(joining.millis.firstFrame.p95)} ms`, 'to the first frame, p95'],
    [`${number(watching.latency.p50)} / ${number(watching.latency.p99)} ms`, 'one-way latency, p50 / p99'],
    [`${number(lost)} %`, 'of packets lost for good'],
    [number(watching.freezes), 'freezes of over 500 ms'],
    [
      Object.values(watching.violations)
        .reduce((/** @type {number} */ a, b) => a + Number(b), 0)
        .toLocaleString('en'),
      'violations of order',
    ],
  ];
  if (cost.server) {
    all.push(
      [`${number(cost.server.cpu * 100)} %`, 'of a core used by the server'],
      [mebibytes(cost.server.peakResidentBytes), 'memory of the server'],
    );
  }
  page.append(
    element(
      'div',
      { class: 'tiles' },
      ...all.map(([value, name]) => element('div', { class: 'tile' }, element('b', {}, value), element('span', {}, name))),
    ),
  );
}

/** @param {string[]} heads @param {string[][]} rows @param {boolean} [text] */
function table(heads, rows, text = false) {
  return element(
    'table',
    {},
    ...(heads.length > 0 ? [element('thead', {}, element('tr', {}, ...heads.map((one) => element('th', {}, one))))] : []),
    element(
      'tbody',
      {},
      ...rows.map(([name = '', ...cells]) =>
        element('tr', {}, element('th', {}, name), ...cells.map((cell) => element('td', text ? { class: 'text' } : {}, cell))),
      ),
    ),
  );
}

/** @param {string} title @param {string} note @param {...(Node | string)} children */
const card = (title, note, ...children) => element('div', { class: 'card' }, element('h2', {}, title), element('p', {}, note), ...children);

function tables() {
  const { joining, watching, cost } = data;
  const names = /** @type {const} */ ({
    signaled: 'signaling answered',
    iceConnected: 'ICE connected',
    ready: 'DTLS and SRTP ready',
    firstPacket: 'first packet',
    firstFrame: 'first frame',
  });
  const steps = Object.entries(names)
    .map(([key, name]) => /** @type {const} */ ([name, joining.millis[key]]))
    .filter(([, p]) => p.count > 0)
    .map(([name, p]) => [name, number(p.p50), number(p.p95), number(p.p99), number(p.max)]);
  const failures = joining.failures.map((/** @type {{ count: number, reason: string }} */ one) => [`${one.count} failed`, one.reason]);
  const join = card('Joining', 'Milliseconds since a join began', table(['', 'p50', 'p95', 'p99', 'max'], steps));
  if (failures.length > 0) join.append(table([], failures, true));

  const watch = card(
    'Watching',
    'All tracks of all viewers',
    table(
      [],
      [
        ['tracks', `${watching.tracks} of ${watching.tracksExpected} came, ${watching.tracksLive} lived until the end`],
        ['packets', watching.packets.toLocaleString('en')],
        ['lost on the way', `${watching.networkLost.toLocaleString('en')}, repaired ${watching.repaired.toLocaleString('en')}`],
        ['lost for good', `${watching.lost.toLocaleString('en')}, of them audio ${watching.lostAudio.toLocaleString('en')}`],
        ['frames', `${watching.frames.toLocaleString('en')}, key frames ${watching.keyFrames.toLocaleString('en')}`],
        ['longest gap between frames', `${number(watching.longestFrameGap)} ms`],
        ['jitter (RFC 3550), p50 / p99', `${number(watching.jitter.p50)} / ${number(watching.jitter.p99)} ms`],
        ['layer switches', number(watching.layerSwitches)],
      ],
    ),
  );

  const tool = [
    ['sluice-load: CPU while steady', `${number(cost.tool.cpu * 100)} % of a core, at most ${number(cost.tool.peakCpu * 100)} %`],
    ['sluice-load: memory', mebibytes(cost.tool.peakResidentBytes)],
    ['sluice-load: lost by its own sockets', number(cost.tool.kernelDrops)],
  ];
  const server = cost.server
    ? [
        ['server: CPU while steady', `${number(cost.server.cpu * 100)} % of a core`],
        ['server: user / system', `${number(cost.server.user * 100)} / ${number(cost.server.system * 100)} %`],
        ['server: a packet delivered', `${number(cost.server.microsPerPacket)} µs`],
        ['server: memory', mebibytes(cost.server.peakResidentBytes)],
      ]
    : [['server', 'not watched']];
  page.append(
    element(
      'div',
      { class: 'plots' },
      join,
      watch,
      card('Cost', 'While steady: from half a second after the last join', table([], [...server, ...tool])),
    ),
  );
}

// --- Plots ------------------------------------------------------------------------------------------------------------

/** Of a logarithmic axis: 1, 2 and 5 of each power of ten. @param {unknown} _u @param {number[]} ticks */
const logTicks = (_u, ticks) => ticks.map((tick) => (['1', '2', '5'].includes(tick.toExponential()[0] ?? '') ? tick : null));

/** Redrawn when the window or the colours change. @type {(() => void)[]} */
const draws = [];

/**
 * @param {HTMLElement} into
 * @param {{ title: string, note: string, x: number[], xLabel: string, yLabel: string, series: () => Series[], xValue?: (v: number) => string,
 *   yValue?: (v: number) => string, logX?: boolean, yMax?: number, height?: number }} options
 */
function plot(into, options) {
  const place = element('div');
  into.append(card(options.title, options.note, place));
  /** @type {{ destroy(): void } | undefined} */
  let drawn;
  draws.push(() => {
    drawn?.destroy();
    const series = options.series();
    const format = options.yValue ?? number;
    const axis = {
      stroke: color('--soft'),
      grid: { stroke: color('--line'), width: 1 },
      ticks: { stroke: color('--line'), width: 1 },
      font: '12px system-ui, "DejaVu Sans", sans-serif',
      labelFont: '12px system-ui, "DejaVu Sans", sans-serif',
      labelSize: 20,
    };
    drawn = new uPlot(
      {
        width: place.clientWidth,
        height: options.height ?? 250,
        padding: [10, 18, 0, 0],
        cursor: { y: false, points: { size: 6 } },
        scales: {
          x: options.logX
            ? {
                time: false,
                distr: 3,
                range: (/** @type {unknown} */ _u, /** @type {number} */ min, /** @type {number} */ max) => [
                  min,
                  Math.max(max, min * 1.01),
                ],
              }
            : { time: false },
          y: {
            range: (/** @type {unknown} */ _u, /** @type {number} */ _min, /** @type {number} */ max) => [
              0,
              options.yMax ?? Math.max(max * 1.08, 1e-9),
            ],
          },
        },
        axes: [
          {
            ...axis,
            label: options.xLabel,
            size: 34,
            ...(options.logX
              ? {
                  filter: logTicks,
                  values: (/** @type {unknown} */ _u, /** @type {(number | null)[]} */ ticks) =>
                    ticks.map((tick) => (tick === null ? null : number(tick))),
                }
              : {}),
          },
          {
            ...axis,
            label: options.yLabel,
            size: 58,
            values: (/** @type {unknown} */ _u, /** @type {number[]} */ ticks) => ticks.map(format),
          },
        ],
        series: [
          {
            label: options.xLabel.replace(/ \(.*/, ''),
            value: (/** @type {unknown} */ _u, /** @type {number | null} */ v) => (v === null ? '–' : (options.xValue ?? number)(v)),
          },
          ...series.map((one) => ({
            label: one.label,
            stroke: one.color,
            width: 2,
            ...(one.dash ? { dash: one.dash } : {}),
            ...(one.fill ? { fill: `${one.color}22` } : {}),
            points: { show: options.x.length < 3 },
            value: (/** @type {unknown} */ _u, /** @type {number | null} */ v) => (v === null ? '–' : format(v)),
          })),
        ],
      },
      [options.x, ...series.map((one) => one.values)],
      place,
    );
  });
}

function plots() {
  const into = element('div', { class: 'plots' });
  page.append(into);
  /** @typedef {Record<string, number> & { latency: { count: number, p50: number, p95: number, p99: number } }} Sample */
  /** @type {Sample[]} */
  const samples = data.samples;
  const x = samples.map((sample) => sample.at);
  const time = { x, xLabel: 'time (s)', xValue: (/** @type {number} */ v) => `${number(v)} s` };
  /** @param {keyof Sample & string} key @param {number} [factor] */
  const of = (key, factor = 1) => samples.map((sample) => /** @type {number} */ (sample[key]) * factor);
  /** @param {'p50' | 'p95' | 'p99'} which */
  const latency = (which) => samples.map((sample) => (sample.latency.count > 0 ? sample.latency[which] : null));
  const ms = (/** @type {number} */ v) => `${number(v)} ms`;

  plot(into, {
    ...time,
    title: 'One-way latency',
    note: 'From the publisher’s packet to the viewer’s kernel, percentiles of each interval',
    yLabel: 'latency (ms)',
    series: () => [
      { label: 'p50', values: latency('p50'), color: color('--series-1') },
      { label: 'p95', values: latency('p95'), color: color('--series-2') },
      { label: 'p99', values: latency('p99'), color: color('--series-3') },
    ],
  });
  const distribution = /** @type {[number, number][]} */ (data.watching.latencyDistribution);
  if (distribution.length > 0) {
    plot(into, {
      x: distribution.map(([value]) => Math.max(value, 0.001)),
      xLabel: 'latency (ms, logarithmic)',
      xValue: ms,
      logX: true,
      title: 'Distribution of the latency',
      note: `The share of packets that took no longer; ${data.watching.latency.count.toLocaleString('en')} packets`,
      yLabel: 'packets (%)',
      yMax: 100,
      series: () => [{ label: 'not longer', values: distribution.map(([, share]) => share * 100), color: color('--series-1'), fill: true }],
    });
  }
  plot(into, {
    ...time,
    title: 'Joins',
    note: 'Peers that had begun, were connected, and saw a frame of every track',
    yLabel: 'peers',
    series: () => [
      { label: 'begun', values: of('begun'), color: color('--series-1'), dash: [6, 4] },
      { label: 'connected', values: of('connected'), color: color('--series-4') },
      { label: 'seeing all', values: of('watching'), color: color('--series-2') },
    ],
  });
  plot(into, {
    ...time,
    title: 'Bitrate',
    note: 'All that peers sent to the server and got from it: UDP payloads',
    yLabel: 'bitrate (Mbps)',
    series: () => [
      { label: 'from the server', values: of('receivedBps', 1e-6), color: color('--series-1'), fill: true },
      { label: 'to the server', values: of('sentBps', 1e-6), color: color('--series-2') },
    ],
  });
  plot(into, {
    ...time,
    title: 'CPU time',
    note: 'Above 80 % of its core sluice-load measures itself',
    yLabel: 'CPU (% of a core)',
    series: () => [
      ...(data.cost.server
        ? [
            { label: 'server', values: of('serverCpu', 100), color: color('--series-1'), fill: true },
            { label: 'of it system', values: of('serverSystem', 100), color: color('--series-4') },
          ]
        : []),
      { label: 'sluice-load', values: of('toolCpu', 100), color: color('--series-2'), dash: [6, 4] },
    ],
  });
  plot(into, {
    ...time,
    title: 'Memory',
    note: 'Resident',
    yLabel: 'memory (MiB)',
    series: () => [
      ...(data.cost.server
        ? [{ label: 'server', values: of('serverResidentBytes', 1 / 2 ** 20), color: color('--series-1'), fill: true }]
        : []),
      { label: 'sluice-load', values: of('toolResidentBytes', 1 / 2 ** 20), color: color('--series-2'), dash: [6, 4] },
    ],
  });
  plot(into, {
    ...time,
    title: 'Packets',
    note: 'That came to all peers in a second',
    yLabel: 'packets/s',
    yValue: (v) => prefixed(v, '').trim(),
    series: () => [{ label: 'from the server', values: of('receivedPps'), color: color('--series-1'), fill: true }],
  });
  plot(into, {
    ...time,
    title: 'Trouble',
    note: 'In each interval; nothing here is the best news',
    yLabel: 'count',
    series: () => [
      { label: 'packets lost for good', values: of('lost'), color: color('--series-2') },
      { label: 'freezes', values: of('freezes'), color: color('--series-3') },
      { label: 'lost by sluice-load', values: of('kernelDrops'), color: color('--series-1'), dash: [6, 4] },
    ],
  });
}

page.replaceChildren();
head();
tiles();
plots();
tables();
const draw = () => {
  for (const one of draws) one();
};
draw();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
let width = innerWidth;
addEventListener('resize', () => {
  if (width !== innerWidth) draw();
  width = innerWidth;
});
