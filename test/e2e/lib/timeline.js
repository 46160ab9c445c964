// The moments of a join, noted in the page: put in before its scripts, it watches and changes nothing. `window.timeline` holds
// performance.now() of the first of each. The join begins when the page opens its WebSocket.

export function timeline() {
  /** @type {any} */
  const w = window;
  /** @type {Record<string, number>} */
  const moments = (w.timeline = {});
  const note = (/** @type {string} */ name) => (moments[name] ??= performance.now());

  w.WebSocket = class extends w.WebSocket {
    /** @param {any[]} args */
    constructor(...args) {
      super(...args);
      note('begins');
      const self = /** @type {any} */ (this);
      self.addEventListener('open', () => note('WebSocket open'));
      self.addEventListener('message', (/** @type {MessageEvent} */ event) => {
        const { message_type: type } = JSON.parse(event.data);
        if (type === 'joined') note('joined');
        if (type === 'answer') note('own offer answered');
        if (type === 'offer') note('offer of the others');
      });
    }
    /** @param {string} data */
    send(data) {
      const { message_type: type } = JSON.parse(data);
      if (type === 'offer') note('own offer sent');
      if (type === 'answer') note('others answered');
      super.send(data);
    }
  };

  w.RTCPeerConnection = class extends w.RTCPeerConnection {
    /** @param {any[]} args */
    constructor(...args) {
      super(...args);
      const self = /** @type {any} */ (this);
      self.addEventListener('iceconnectionstatechange', () => self.iceConnectionState === 'connected' && note('ICE connected'));
      self.addEventListener('connectionstatechange', () => self.connectionState === 'connected' && note('DTLS connected'));
      self.addEventListener('track', (/** @type {RTCTrackEvent} */ { track }) => {
        if (track.kind !== 'video') return;
        track.addEventListener('unmute', () => note('first packet'));
        // The moment of decoding, not of showing: headless pages show pictures late.
        const element = document.createElement('video');
        element.muted = true;
        element.srcObject = new MediaStream([track]);
        element.play().catch(() => {});
        element.requestVideoFrameCallback((now, { receiveTime, processingDuration = 0 }) => {
          note('first picture shown');
          moments['first packet of it'] ??= receiveTime ?? NaN;
          moments['first picture decoded'] ??= (receiveTime ?? now) + processingDuration * 1000;
        });
      });
    }
  };
}
