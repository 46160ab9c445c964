// What a page does that only speaks or listens: `window.voice`, which is sent to the browser as text.
//
//   publish(codecs)       the microphone, and an offer of it in these codecs: ['red', 'opus']
//   accept(answer)        the other side's answer
//   answer(offer, codecs) listens to what is offered, in these codecs
//   heard()               what was heard so far, over all tracks

/** @typedef {{ samples: number, concealed: number, packets: number, lost: number, codec: string }} Heard */

export function audioPage() {
  /** @type {any} */
  const w = window;
  /** @type {RTCPeerConnection} */
  let pc;
  /** @type {HTMLAudioElement[]} or they are collected */
  const playing = (w.playing = []);

  /** @param {RTCRtpTransceiver} transceiver @param {string[]} names */
  function prefer(transceiver, names) {
    const all = RTCRtpReceiver.getCapabilities('audio')?.codecs ?? [];
    const wanted = names.map((name) => all.find((codec) => codec.mimeType === `audio/${name}`));
    if (!wanted.every(Boolean)) throw new Error(`this browser has not all of ${names.join(', ')}`);
    transceiver.setCodecPreferences(/** @type {any} */ (wanted));
  }

  w.voice = {
    /** @param {string[]} codecs @returns {Promise<string>} */
    async publish(codecs) {
      // The device beeps over silence. Whatever would take it for noise is off.
      const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      const stream = await navigator.mediaDevices.getUserMedia({ audio });
      pc = w.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      for (const track of stream.getTracks()) prefer(pc.addTransceiver(track, { direction: 'sendonly', streams: [stream] }), codecs);
      await pc.setLocalDescription();
      return pc.localDescription?.sdp ?? '';
    },

    /** @param {string} sdp */
    accept: (sdp) => pc.setRemoteDescription({ type: 'answer', sdp }),

    /** @param {{ sdp: string, codecs: string[] }} offer @returns {Promise<string>} */
    async answer({ sdp, codecs }) {
      if (!pc) {
        pc = w.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
        pc.ontrack = ({ track }) => {
          const element = new Audio();
          element.srcObject = new MediaStream([track]);
          void element.play();
          playing.push(element);
        };
      }
      await pc.setRemoteDescription({ type: 'offer', sdp });
      for (const transceiver of pc.getTransceivers()) prefer(transceiver, codecs);
      await pc.setLocalDescription();
      return pc.localDescription?.sdp ?? '';
    },

    /** @returns {Promise<import('./audio_page.js').Heard>} */
    async heard() {
      const out = { samples: 0, concealed: 0, packets: 0, lost: 0, codec: '' };
      if (!pc) return out;
      /** @type {Map<string, any>} */
      const reports = /** @type {any} */ (await pc.getStats());
      for (const report of reports.values()) {
        if (report.type !== 'inbound-rtp' || report.kind !== 'audio') continue;
        out.samples += report.totalSamplesReceived ?? 0;
        out.concealed += (report.concealedSamples ?? 0) - (report.silentConcealedSamples ?? 0);
        out.packets += report.packetsReceived ?? 0;
        out.lost += report.packetsLost ?? 0;
        out.codec = reports.get(report.codecId)?.mimeType ?? out.codec;
      }
      return out;
    },
  };
}
