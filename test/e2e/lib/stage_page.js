// What a page without any user interface does: publish one camera, or watch one, and tell exactly how it goes.
//
// The function is sent to the browser as text, so everything it needs is within it. `window.stage`:
//   publish(what)    camera and microphone, and an offer of them
//   accept(answer)   the other side's answer
//   answer(offer)    watches what is offered
//   sample()         the browser's statistics, by `audio` and `video` (of simulcast a list of them)
//   startFrames()    forgets the frames seen so far
//   frames()         each frame that came out of the decoder: [performance.now(), width, height]

/**
 * @typedef {object} Publication
 * @property {string} codec        as `VP8`
 * @property {string} [fmtp]       a part of the format's parameters, where the codec has several
 * @property {number} width
 * @property {number} height
 * @property {number} fps
 * @property {(RTCRtpEncodingParameters & { scalabilityMode?: string })[]} encodings
 */

export function stagePage() {
  /** @type {any} */
  const w = window;
  /** @type {RTCPeerConnection} */
  let pc;
  /** @type {[at: number, width: number, height: number][]} */
  let seen = [];
  const HARDLY_ANY = 100_000; // frames kept: an hour's

  /** @param {MediaStreamTrack} track */
  async function watchFrames(track) {
    const reader = new w.MediaStreamTrackProcessor({ track }).readable.getReader();
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      if (seen.length < HARDLY_ANY) seen.push([performance.now(), frame.displayWidth, frame.displayHeight]);
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
      const reports = [...(await pc.getStats()).values()];
      const named = (/** @type {string} */ type, /** @type {string} */ kind) =>
        reports.filter((each) => each.type === type && each.kind === kind);
      const transport = reports.find((each) => each.type === 'transport');
      return {
        at: performance.now(),
        state: pc.connectionState,
        path: reports.find((each) => each.id === transport?.selectedCandidatePairId),
        received: { audio: named('inbound-rtp', 'audio')[0], video: named('inbound-rtp', 'video')[0] },
        sent: { audio: named('outbound-rtp', 'audio')[0], video: named('outbound-rtp', 'video') },
        far: { audio: named('remote-inbound-rtp', 'audio')[0], video: named('remote-inbound-rtp', 'video') },
      };
    },

    startFrames() {
      seen = [];
    },

    frames: () => seen,
  };
}
