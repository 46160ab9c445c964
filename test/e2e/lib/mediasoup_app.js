// An app with an unmodified mediasoup-client in a room of the conference server: docs/signaling.md, "The ORTC way". Bundled by esbuild.
//   meet(url, room, name)   joins, sends the fake camera and microphone, and consumes whatever the others send
//   tracks()                what arrives of each

import { Device } from 'mediasoup-client';

/** @type {any} */
const w = window;
/** @type {Map<string, any>} by producer */
const consumers = new Map();

w.meet = async (/** @type {string} */ url, /** @type {string} */ room, /** @type {string} */ name) => {
  const socket = new WebSocket(url);
  await new Promise((resolve) => (socket.onopen = resolve));
  /** @type {Map<number, (message: any) => void>} */
  const waiting = new Map();
  let lastId = 0;
  /** @type {{ producer_id: string, peer_id: string }[]} */
  let wanted = [];
  let update = () => {};
  const request = (/** @type {string} */ type, /** @type {object} */ content = {}) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, ({ message_type: reply, content: given }) => (reply === 'error' ? reject(new Error(given.message)) : resolve(given)));
      socket.send(JSON.stringify({ message_type: type, content, id }));
    });
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    waiting.get(message.id)?.(message);
    if (message.message_type !== 'producers') return;
    wanted = message.content.producers;
    update();
  };

  const joined = /** @type {any} */ (await request('join', { room, name, audio: true, video: true, ortc: true }));
  const device = await Device.factory();
  await device.load({ routerRtpCapabilities: joined.rtp_capabilities });
  const connecting = (/** @type {any} */ transport) => {
    transport.on('connect', (/** @type {any} */ { dtlsParameters }, /** @type {any} */ done, /** @type {any} */ failed) => {
      request('connect_transport', { transport_id: transport.id, dtlsParameters }).then(done, failed);
    });
    return transport;
  };
  const send = connecting(device.createSendTransport(/** @type {any} */ (await request('create_transport'))));
  const receive = connecting(device.createRecvTransport(/** @type {any} */ (await request('create_transport'))));
  send.on('produce', (/** @type {any} */ { kind, rtpParameters }, /** @type {any} */ done, /** @type {any} */ failed) => {
    request('produce', { transport_id: send.id, kind, rtpParameters }).then(
      (/** @type {any} */ reply) => done({ id: reply.producer_id }),
      failed,
    );
  });
  const camera = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180, frameRate: 20 } });
  for (const track of camera.getTracks()) await send.produce({ track });

  let busy = Promise.resolve();
  update = () => {
    busy = busy.then(async () => {
      for (const { producer_id: producerId } of wanted) {
        if (consumers.has(producerId)) continue;
        const {
          consumer_id: id,
          kind,
          rtpParameters,
        } = /** @type {any} */ (
          await request('consume', {
            transport_id: receive.id,
            producer_id: producerId,
            rtpCapabilities: device.recvRtpCapabilities ?? device.rtpCapabilities,
          })
        );
        const consumer = await receive.consume({ id, producerId, kind, rtpParameters });
        consumers.set(producerId, consumer);
        const element = /** @type {HTMLMediaElement} */ (document.createElement(kind));
        element.autoplay = element.muted = true;
        element.srcObject = new MediaStream([consumer.track]);
        document.body.append(element);
      }
    });
  };
  update();
};

w.tracks = async () => {
  const tracks = [];
  for (const consumer of consumers.values()) {
    for (const stats of (await consumer.getStats()).values()) {
      if (stats.type === 'inbound-rtp')
        tracks.push({ kind: consumer.kind, frames: stats.framesDecoded ?? 0, packets: stats.packetsReceived });
    }
  }
  return tracks;
};
