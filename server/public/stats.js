// Statistics of one connection, once a second, as rows of words for each tile.
//
// One getStats() serves all tiles: reports are found by the transceiver's mid. Rates are differences between two samples.
// Used by the call screen while any overlay is open.

/** @typedef {[label: string, value: string][]} Rows */
/** @typedef {{ audio: RTCRtpTransceiver | null, video: RTCRtpTransceiver | null }} Carriers */

export class StatsSampler {
  /** @type {Map<string, any>} */
  #now = new Map();
  /** @type {Map<string, any>} */
  #before = new Map();

  /** @param {RTCPeerConnection} pc */
  async sample(pc) {
    const report = await pc.getStats();
    this.#before = this.#now;
    this.#now = new Map(/** @type {any} */ (report));
  }

  /** What arrives of somebody. @param {Carriers} carriers @returns {Rows} */
  received({ audio, video }) {
    const picture = this.#find('inbound-rtp', video, video?.receiver.track);
    const sound = this.#find('inbound-rtp', audio, audio?.receiver.track);
    const both = [picture, sound];
    return [
      ['Picture', shape(picture, this.#rate(picture, 'framesDecoded'))],
      ['Bitrate', bitrates(this.#bits(picture, 'bytesReceived'), this.#bits(sound, 'bytesReceived'))],
      ['Codec', this.#codecs(both)],
      ['Lost', loss(both.map((stream) => [stream?.packetsLost ?? 0, stream?.packetsReceived ?? 0]))],
      ['Jitter', pair(picture && milliseconds(picture.jitter), sound && milliseconds(sound.jitter))],
      ['Round trip', milliseconds(this.#roundTrip())],
      ['Freezes', picture ? freezes(picture) : '–'],
    ];
  }

  /** What we send. @param {Carriers} carriers @returns {Rows} */
  sent({ audio, video }) {
    const picture = this.#find('outbound-rtp', video, video?.sender.track);
    const sound = this.#find('outbound-rtp', audio, audio?.sender.track);
    const remote = [picture, sound].map((stream) => (stream ? this.#now.get(stream.remoteId) : undefined));
    return [
      ['Picture', shape(picture, this.#rate(picture, 'framesEncoded'))],
      ['Bitrate', bitrates(this.#bits(picture, 'bytesSent'), this.#bits(sound, 'bytesSent'))],
      ['Codec', this.#codecs([picture, sound])],
      ['Lost', loss(remote.map((stream, index) => [stream?.packetsLost ?? 0, [picture, sound][index]?.packetsSent ?? 0]))],
      ['Jitter', pair(remote[0] && milliseconds(remote[0].jitter), remote[1] && milliseconds(remote[1].jitter))],
      ['Round trip', milliseconds(this.#roundTrip())],
      ['Limited by', limitation(picture)],
    ];
  }

  /**
   * @param {string} type
   * @param {RTCRtpTransceiver | null} transceiver
   * @param {MediaStreamTrack | null | undefined} track
   */
  #find(type, transceiver, track) {
    if (!transceiver?.mid) return undefined;
    for (const entry of this.#now.values()) {
      if (entry.type !== type) continue;
      // Browsers that leave `mid` out of a report name the track instead.
      if (entry.mid === transceiver.mid || (entry.mid === undefined && track && entry.trackIdentifier === track.id)) return entry;
    }
    return undefined;
  }

  /** @param {any} entry @param {string} field @returns {number | undefined} per second */
  #rate(entry, field) {
    const before = entry && this.#before.get(entry.id);
    if (!before || entry.timestamp <= before.timestamp) return undefined;
    return Math.max(0, ((entry[field] ?? 0) - (before[field] ?? 0)) / ((entry.timestamp - before.timestamp) / 1000));
  }

  /** @param {any} entry @param {string} field */
  #bits(entry, field) {
    const rate = this.#rate(entry, field);
    return rate === undefined ? undefined : rate * 8;
  }

  /** @param {any[]} entries */
  #codecs(entries) {
    const names = entries.map((entry) => this.#now.get(entry?.codecId)?.mimeType?.split('/')[1]).filter(Boolean);
    return names.map((name) => (name === 'opus' ? 'Opus' : name)).join(' · ') || '–';
  }

  /** @returns {number | undefined} seconds */
  #roundTrip() {
    const transport = [...this.#now.values()].find((entry) => entry.type === 'transport');
    const selected = this.#now.get(transport?.selectedCandidatePairId);
    const found =
      selected ??
      [...this.#now.values()].find((entry) => entry.type === 'candidate-pair' && entry.nominated && entry.state === 'succeeded');
    return found?.currentRoundTripTime;
  }
}

/** @param {any} picture @param {number | undefined} measured frames per second */
function shape(picture, measured) {
  if (!picture?.frameWidth) return '–';
  const fps = picture.framesPerSecond ?? measured ?? 0;
  if (Math.round(fps) === 0) return 'none'; // the camera is off
  return `${picture.frameWidth}×${picture.frameHeight} · ${Math.round(fps)} fps`;
}

/** @param {number | undefined} video @param {number | undefined} audio bits per second */
function bitrates(video, audio) {
  return pair(video === undefined ? undefined : bitrate(video), audio === undefined ? undefined : bitrate(audio));
}

/** @param {number} bps */
function bitrate(bps) {
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbps` : `${Math.round(bps / 1e3)} kbps`;
}

/** @param {number[][]} streams [lost, arrived] each */
function loss(streams) {
  const lost = streams.reduce((sum, [count = 0]) => sum + Math.max(0, count), 0);
  const all = streams.reduce((sum, [, count = 0]) => sum + count, lost);
  if (all === 0) return '–';
  return lost === 0 ? '0' : `${lost} (${((100 * lost) / all).toFixed(1)} %)`;
}

/** @param {number | undefined} seconds */
function milliseconds(seconds) {
  return seconds === undefined ? '–' : `${Math.round(seconds * 1000)} ms`;
}

/** @param {any} picture */
function freezes({ freezeCount, totalFreezesDuration }) {
  if (freezeCount === undefined) return '–';
  return freezeCount === 0 ? '0' : `${freezeCount} (${(totalFreezesDuration ?? 0).toFixed(1)} s)`;
}

/** @param {any} picture */
function limitation(picture) {
  const reason = picture?.qualityLimitationReason;
  if (!picture || reason === undefined) return '–';
  return { none: 'nothing', cpu: 'processor', bandwidth: 'bandwidth' }[/** @type {string} */ (reason)] ?? 'other';
}

/** @param {string | undefined} video @param {string | undefined} audio */
function pair(video, audio) {
  return [video, audio].filter(Boolean).join(' · ') || '–';
}
