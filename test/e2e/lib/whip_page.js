// WHIP and WHEP in a bare page: the function is sent to the browser as text, so everything it needs is within it. `window.http`:
//   watch(url, { audio, video }, token)   a WHEP viewer with so many sections of each
//   publish(url, { rids }, token)         a WHIP publisher of the fake camera and microphone
//   restartIce()                          of the newest of either, by PATCH
//   inbound()                             of each video section what was decoded, and the packets of each audio section
//   events(names)                         opens an event stream; `seen` fills with them

export function whipPage() {
  /** @type {any} */
  const w = window;
  const fragmentType = 'application/trickle-ice-sdpfrag';
  /** @type {any} */
  let pc;
  let session = '';
  let etag = '';
  /** @type {Record<string, string>} */
  let authorization = {};
  /** @type {string[]} */
  let links = [];

  /** @param {string} url @param {string} token */
  async function post(url, token) {
    authorization = token ? { Authorization: `Bearer ${token}` } : {};
    await pc.setLocalDescription();
    const response = await fetch(url, {
      method: 'POST',
      body: pc.localDescription.sdp,
      headers: { 'Content-Type': 'application/sdp', ...authorization },
    });
    const answer = await response.text();
    if (response.status !== 201) return { status: response.status, detail: answer };
    session = new URL(response.headers.get('Location') ?? '', response.url).href;
    etag = response.headers.get('ETag') ?? '';
    links = (response.headers.get('Link') ?? '').split(/, *(?=<)/);
    await pc.setRemoteDescription({ type: 'answer', sdp: answer });
    return { status: 201, session };
  }

  /** @param {string} rel */
  function link(rel) {
    const found = links.find((each) => each.includes(`ext:core:${rel}"`));
    return new URL(/<([^>]*)>/.exec(found ?? '')?.[1] ?? '', session).href;
  }

  w.http = {
    seen: [],

    /** @param {string} url @param {{ audio: number, video: number }} count @param {string} [token] */
    async watch(url, { audio, video }, token = '') {
      pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      pc.streams = [];
      pc.ontrack = (/** @type {RTCTrackEvent} */ { track, streams }) => {
        pc.streams.push(streams.map(({ id }) => id));
        const element = /** @type {HTMLMediaElement} */ (document.createElement(track.kind));
        element.autoplay = true;
        element.muted = true;
        element.srcObject = new MediaStream([track]);
        document.body.append(element);
      };
      for (let i = 0; i < audio; i++) pc.addTransceiver('audio', { direction: 'recvonly' });
      for (let i = 0; i < video; i++) pc.addTransceiver('video', { direction: 'recvonly' });
      return { ...(await post(url, token)), streams: pc.streams };
    },

    /** @param {string} url @param {{ rids?: string[], width?: number, height?: number }} how @param {string} [token] */
    async publish(url, { rids = [], width = 320, height = 180 } = {}, token = '') {
      pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width, height, frameRate: 20 } });
      const sendEncodings = rids.map((rid, index) => ({ rid, scaleResolutionDownBy: 2 ** (rids.length - 1 - index) }));
      pc.addTransceiver(stream.getAudioTracks()[0], { direction: 'sendonly', streams: [stream] });
      pc.addTransceiver(stream.getVideoTracks()[0], { direction: 'sendonly', streams: [stream], sendEncodings });
      return post(url, token);
    },

    async restartIce() {
      pc.restartIce();
      await pc.setLocalDescription();
      /** @type {string} */
      const offer = pc.localDescription.sdp;
      const first = offer.split(/^(?=m=)/m)[1] ?? '';
      const lines = first.match(/^(m=|a=(mid|ice-ufrag|ice-pwd|candidate)).*\r\n/gm)?.join('');
      const response = await fetch(session, {
        method: 'PATCH',
        body: lines,
        headers: { 'Content-Type': fragmentType, 'If-Match': '*', ...authorization },
      });
      const ours = await response.text();
      const value = (/** @type {string} */ name) => new RegExp(`^a=${name}:(\\S+)`, 'm').exec(ours)?.[1];
      const answer = pc.currentRemoteDescription.sdp
        .replace(/^a=ice-ufrag:.*$/gm, `a=ice-ufrag:${value('ice-ufrag')}`)
        .replace(/^a=ice-pwd:.*$/gm, `a=ice-pwd:${value('ice-pwd')}`);
      await pc.setRemoteDescription({ type: 'answer', sdp: answer });
      const changed = response.headers.get('ETag') !== etag;
      etag = response.headers.get('ETag') ?? '';
      return { status: response.status, changed };
    },

    async inbound() {
      /** @type {any[]} */
      const reports = [...(await pc.getStats()).values()];
      return pc.getTransceivers().map((/** @type {any} */ { mid, receiver }) => {
        const report = reports.find((each) => each.type === 'inbound-rtp' && each.mid === mid);
        return {
          kind: receiver.track.kind,
          frames: report?.framesDecoded ?? 0,
          height: report?.frameHeight ?? 0,
          packets: report?.packetsReceived ?? 0,
          samples: report?.totalSamplesReceived ?? 0,
          ssrc: report?.ssrc ?? 0,
          rtx: report?.rtxSsrc ?? 0,
        };
      });
    },

    async path() {
      /** @type {any[]} */
      const reports = [...(await pc.getStats()).values()];
      const { selectedCandidatePairId: id } = reports.find((each) => each.type === 'transport') ?? {};
      const pair = reports.find((each) => each.id === id);
      const local = reports.find((each) => each.id === pair?.localCandidateId);
      return { state: pc.iceConnectionState, ufrag: local?.usernameFragment ?? '' };
    },

    /** @param {string[]} names */
    async events(names) {
      const response = await fetch(link('server-sent-events'), {
        method: 'POST',
        body: JSON.stringify(names),
        headers: { 'Content-Type': 'application/json', ...authorization },
      });
      const source = new EventSource(new URL(response.headers.get('Location') ?? '', session));
      for (const name of names)
        source.addEventListener(name, (event) => w.http.seen.push({ name, data: JSON.parse(/** @type {MessageEvent} */ (event).data) }));
    },

    /** @param {object} choice */
    async choose(choice) {
      const headers = { 'Content-Type': 'application/json', ...authorization };
      return (await fetch(link('layer'), { method: 'POST', body: JSON.stringify(choice), headers })).status;
    },

    async end() {
      const { status } = await fetch(session, { method: 'DELETE', headers: authorization });
      pc.close();
      return status;
    },

    close: () => pc.close(),
  };
}
