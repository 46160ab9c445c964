// What a page without any user interface does: publish one camera, or watch one, and tell exactly how it goes.
//
// The function is sent to the browser as text, so everything it needs is within it. `window.stage`:
//   publish(what)    camera and microphone, and an offer of them
//   accept(answer)   the other side's answer
//   answer(offer)    watches what is offered
//   sample()         the browser's statistics, by `audio` and `video` (of simulcast a list of them)
//   startFrames()    forgets the frames seen so far, but for the last
//   frames()         each frame that came out of the decoder (SeenFrame)
//   untilLayer(want) waits for frames of this height, so far apart in media time

/**
 * @typedef {object} Publication
 * @property {string} codec        as `VP8`
 * @property {string} [fmtp]       a part of the format's parameters, where the codec has several
 * @property {number} width
 * @property {number} height
 * @property {number} fps
 * @property {(RTCRtpEncodingParameters & { scalabilityMode?: string })[]} encodings
 */

/**
 * @typedef {object} SeenFrame
 * @property {number} at      performance.now() when the decoder gave it
 * @property {number} rtp     its RTP timestamp
 * @property {number} width
 * @property {number} height
 *
 * @typedef {object} WantedLayer
 * @property {number} height
 * @property {number} interval  ms between two frames
 * @property {number} within    ms from now
 */

export function stagePage() {
  /** @type {any} */
  const w = window;
  /** @type {RTCPeerConnection} */
  let pc;
  /** @type {import('./stage_page.js').SeenFrame[]} */
  let seen = [];
  const MOST_FRAMES = 100_000; // an hour's
  const TICKS_PER_MS = 90;

  /** @param {MediaStreamTrack} track */
  async function watchFrames(track) {
    const reader = new w.MediaStreamTrackProcessor({ track }).readable.getReader();
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      const { displayWidth: width, displayHeight: height } = frame;
      if (seen.length < MOST_FRAMES) seen.push({ at: performance.now(), rtp: frame.metadata().rtpTimestamp, width, height });
      frame.close();
    }
  }

  /** Decoding begins where somebody takes what is decoded. @param {RTCTrackEvent} event */
  function onTrack({ track }) {
    if (track.kind === 'video') return void watchFrames(track);
    const audio = new Audio();
    audio.srcObject = new MediaStream([track]);
    void audio.play();
    w.playing = audio; // or it is collected
  }

  w.stage = {
    /** @param {import('./stage_page.js').Publication} what @returns {Promise<string>} */
    async publish({ codec, fmtp = '', width, height, fps, encodings }) {
      const size = { width: { exact: width }, height: { exact: height }, frameRate: { exact: fps } };
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: size });
      pc = w.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      for (const track of stream.getTracks()) {
        const transceiver = pc.addTransceiver(track, {
          direction: 'sendonly',
          streams: [stream],
          ...(track.kind === 'video' ? { sendEncodings: encodings } : {}),
        });
        if (track.kind !== 'video') continue;
        const all = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
        const wanted = all.filter((each) => each.mimeType === `video/${codec}` && (each.sdpFmtpLine ?? '').includes(fmtp));
        if (!wanted.length) throw new Error(`this browser does not send ${codec} ${fmtp}`);
        transceiver.setCodecPreferences([...wanted, ...all.filter((each) => each.mimeType === 'video/rtx')]);
        // A busy machine is no reason to send less: the test is about layers that are there.
        const parameters = /** @type {any} */ (transceiver.sender.getParameters());
        parameters.degradationPreference = 'maintain-framerate-and-resolution';
        await transceiver.sender.setParameters(parameters);
      }
      await pc.setLocalDescription();
      return pc.localDescription?.sdp ?? '';
    },

    /** @param {string} sdp */
    accept: (sdp) => pc.setRemoteDescription({ type: 'answer', sdp }),

    /** @param {string} sdp @returns {Promise<string>} */
    async answer(sdp) {
      if (!pc) {
        pc = w.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
        pc.ontrack = onTrack;
      }
      await pc.setRemoteDescription({ type: 'offer', sdp });
      await pc.setLocalDescription();
      return pc.localDescription?.sdp ?? '';
    },

    async sample() {
      /** @type {any[]} */
      const reports = pc ? [...(await pc.getStats()).values()] : []; // nothing has been negotiated yet
      const named = (/** @type {string} */ type, /** @type {string} */ kind) =>
        reports.filter((each) => each.type === type && each.kind === kind);
      const transport = reports.find((each) => each.type === 'transport');
      return {
        at: performance.now(),
        state: pc?.connectionState ?? 'new',
        path: reports.find((each) => each.id === transport?.selectedCandidatePairId),
        received: { audio: named('inbound-rtp', 'audio')[0], video: named('inbound-rtp', 'video')[0] },
        sent: { audio: named('outbound-rtp', 'audio')[0], video: named('outbound-rtp', 'video') },
        far: { audio: named('remote-inbound-rtp', 'audio')[0], video: named('remote-inbound-rtp', 'video') },
      };
    },

    startFrames() {
      seen = seen.slice(-1);
    },

    frames: () => seen,

    /** @param {import('./stage_page.js').WantedLayer} want @returns {Promise<boolean>} whether it came */
    async untilLayer({ height, interval, within }) {
      const end = performance.now() + within;
      for (; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 15))) {
        const last = seen.slice(-3);
        if (last.length < 3 || last.some((frame) => frame.height !== height)) continue;
        const apart = last.slice(1).map((frame, index) => ((frame.rtp - (last[index]?.rtp ?? 0)) >>> 0) / TICKS_PER_MS);
        if (apart.every((each) => Math.abs(each - interval) < interval / 3)) return true;
      }
      return false;
    },
  };
}
