// What is put into every page before its own scripts: it watches, and changes nothing the page can notice.
//
// The function is sent to the browser as text, so everything it needs is within it. `window.e2e`:
//   iceConnectedAt   performance.now() when ICE of the newest RTCPeerConnection was first connected
//   connections      how many RTCPeerConnections were made
//   firstFrames()    { name: performance.now() of the first picture shown in that person's tile }
//   startGaps()      forgets the gaps between pictures seen so far
//   sending()        how our own picture goes out, and what the browser believes it may send
//   sample()         what arrives of each participant, by getStats, by the pictures shown, and by how many pixels of a small copy
//                    changed in the liveliest quarter of a second since the last sample

export function probe() {
  /** @type {any} */
  const w = window;
  if (w.e2e || !w.RTCPeerConnection) return;

  const LOOK_EVERY_MS = 250;
  /** @typedef {{ firstAt: number, lastAt: number, pictures: number, longestGap: number, pixels: Uint8ClampedArray | null, changedPixels: number }} Shown */
  /** @type {Map<any, Shown>} */
  const shown = new Map();
  const canvas = document.createElement('canvas');
  const [width, height] = [(canvas.width = 64), (canvas.height = 36)];
  const context = canvas.getContext('2d', { willReadFrequently: true });

  const e2e = {
    iceConnectedAt: NaN,
    connections: 0,

    firstFrames() {
      return Object.fromEntries(tiles().map(([name, video]) => [name, shown.get(video)?.firstAt ?? null]));
    },

    startGaps() {
      for (const entry of shown.values()) entry.longestGap = 0;
    },

    async sending() {
      const reports = [...(await w.sluice.pc.getStats()).values()];
      const picture = reports.find((each) => each.type === 'outbound-rtp' && each.kind === 'video');
      const { selectedCandidatePairId: selected } = reports.find((each) => each.type === 'transport') ?? {};
      const pair = reports.find((each) => each.id === selected);
      return {
        frameWidth: picture?.frameWidth ?? 0,
        availableBitrate: pair?.availableOutgoingBitrate ?? 0,
      };
    },

    async sample() {
      const { peers } = w.sluice.state();
      const pc = w.sluice.pc;
      const reports = pc ? [...(await pc.getStats()).values()] : [];
      const videos = new Map(tiles());
      /** @param {any} peer @param {'audio' | 'video'} kind */
      const inbound = (peer, kind) => {
        const transceiver = pc?.getTransceivers().find((/** @type {any} */ each) => each.mid === peer.mids[kind]);
        return reports.find(
          (each) =>
            each.type === 'inbound-rtp' &&
            each.kind === kind &&
            transceiver &&
            (each.mid === undefined ? each.trackIdentifier === transceiver.receiver.track.id : each.mid === transceiver.mid),
        );
      };
      return peers.map((/** @type {any} */ peer) => {
        const [sound, picture, video] = [inbound(peer, 'audio'), inbound(peer, 'video'), videos.get(peer.name)];
        const seen = shown.get(video);
        const changedPixels = seen?.changedPixels ?? 0;
        if (seen) seen.changedPixels = 0;
        return {
          name: peer.name,
          hasVideo: peer.hasVideo,
          hasAudio: peer.hasAudio,
          at: performance.now(),
          framesDecoded: picture?.framesDecoded ?? 0,
          freezeCount: picture?.freezeCount ?? 0,
          freezeSeconds: picture?.totalFreezesDuration ?? 0,
          frameWidth: picture?.frameWidth ?? 0,
          audioSamples: sound?.totalSamplesReceived ?? 0,
          audioPackets: sound?.packetsReceived ?? 0,
          audioConcealed: (sound?.concealedSamples ?? 0) - (sound?.silentConcealedSamples ?? 0),
          audioEnergy: sound?.totalAudioEnergy ?? 0,
          packetsLost: (sound?.packetsLost ?? 0) + (picture?.packetsLost ?? 0),
          pliSent: picture?.pliCount ?? 0,
          nackSent: picture?.nackCount ?? 0,
          picturesShown: seen?.pictures ?? 0,
          longestGap: seen ? Math.max(seen.longestGap, performance.now() - seen.lastAt) : Infinity,
          changedPixels,
        };
      });
    },
  };
  Object.defineProperty(w, 'e2e', { value: e2e });

  // --- ICE ---------------------------------------------------------------------------------------------------------------

  w.RTCPeerConnection = class extends w.RTCPeerConnection {
    /** @param {any[]} args */
    constructor(...args) {
      super(...args);
      e2e.connections++;
      e2e.iceConnectedAt = NaN;
      const self = /** @type {any} */ (this);
      self.addEventListener('iceconnectionstatechange', () => {
        if (self.iceConnectionState === 'connected' && Number.isNaN(e2e.iceConnectedAt)) e2e.iceConnectedAt = performance.now();
      });
    }
  };

  // --- Pictures ----------------------------------------------------------------------------------------------------------

  new MutationObserver(() => {
    for (const [, video] of tiles()) if (!shown.has(video)) watch(video);
  }).observe(document, { childList: true, subtree: true });

  /** The others' tiles. @returns {[name: string, video: any][]} */
  function tiles() {
    return [...document.querySelectorAll('article.tile:not(.self)')].map((tile) => [
      tile.querySelector('.name')?.textContent ?? '',
      tile.querySelector('video'),
    ]);
  }

  /** @param {any} video */
  function watch(video) {
    const entry = { firstAt: NaN, lastAt: NaN, pictures: 0, longestGap: 0, pixels: null, changedPixels: 0 };
    shown.set(video, entry);
    const next = () =>
      video.requestVideoFrameCallback((/** @type {number} */ now) => {
        if (entry.pictures++ === 0) entry.firstAt = performance.now();
        else entry.longestGap = Math.max(entry.longestGap, now - entry.lastAt);
        entry.lastAt = now;
        next();
      });
    next();
  }

  setInterval(() => {
    for (const [, video] of tiles()) {
      const entry = shown.get(video);
      if (!entry || !context || !video.videoWidth) continue;
      context.drawImage(video, 0, 0, width, height);
      const pixels = context.getImageData(0, 0, width, height).data;
      if (entry.pixels) entry.changedPixels = Math.max(entry.changedPixels, differences(entry.pixels, pixels));
      entry.pixels = pixels;
    }
  }, LOOK_EVERY_MS);

  /** @param {Uint8ClampedArray} before @param {Uint8ClampedArray} now RGBA */
  function differences(before, now) {
    let changed = 0;
    for (let i = 0; i < now.length; i += 4) {
      const [red, green, blue] = [0, 1, 2].map((channel) => Math.abs((now[i + channel] ?? 0) - (before[i + channel] ?? 0)));
      if ((red ?? 0) + (green ?? 0) + (blue ?? 0) > 24) changed++;
    }
    return changed;
  }
}
