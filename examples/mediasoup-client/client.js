// The page's side: mediasoup-client as its documentation shows it.
import { Device } from 'mediasoup-client';

/** Sizes of the camera's picture that are sent at once. */
const simulcast = [
  { scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];

const socket = new WebSocket(`ws://${location.host}`);
const waiting = new Map();
let lastId = 0;

function request(method, data) {
  return new Promise((resolve, reject) => {
    waiting.set(++lastId, { resolve, reject });
    socket.send(JSON.stringify({ id: lastId, method, data }));
  });
}

socket.onmessage = ({ data: text }) => {
  const { id, method, data, error } = JSON.parse(text);
  if (method !== undefined) return void told[method](data);
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) resolve(data);
  else reject(new Error(error));
};
socket.onclose = () => say('the server is gone');

/** For who wants to look from the console, and for the tests. */
const app = (window.app = {
  request,
  device: undefined,
  send: undefined,
  receive: undefined,
  producers: [],
  consumers: new Map(),
  dataConsumers: new Map(),
  use,
});
const say = (text) => (document.querySelector('p').textContent = text);

const told = {
  welcome: ({ routerRtpCapabilities }) => join(routerRtpCapabilities).catch((error) => say(`${error.name}: ${error.message}`)),
  newDataProducer: ({ dataProducerId }) => app.receive && listen(dataProducerId),
  newProducer: ({ producerId }) => app.receive && watch(producerId),
  consumerClosed: ({ consumerId }) => {
    ended.add(consumerId);
    forget(consumerId);
  },
};

async function join(routerRtpCapabilities) {
  const device = (app.device = await Device.factory());
  await device.load({ routerRtpCapabilities });
  app.send = connecting(device.createSendTransport(await request('createTransport')));
  app.send.on('produce', ({ kind, rtpParameters }, done, failed) => {
    request('produce', { transportId: app.send.id, kind, rtpParameters }).then(done, failed);
  });
  app.send.on('producedata', ({ sctpStreamParameters, label, protocol }, done, failed) => {
    request('produceData', { transportId: app.send.id, sctpStreamParameters, label, protocol }).then(done, failed);
  });
  app.receive = connecting(device.createRecvTransport(await request('createTransport')));
  for (const producerId of await request('producers')) await watch(producerId);
  for (const dataProducerId of await request('dataProducers')) await listen(dataProducerId);
  app.chat = await app.send.produceData({ label: 'chat' });
  const camera = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
  for (const track of camera.getTracks()) await use(track);
  say('You are in. Open this page in another tab.');
}

/** Shows what somebody says. */
async function listen(dataProducerId) {
  const dataConsumer = await app.receive.consumeData(await request('consumeData', { transportId: app.receive.id, dataProducerId }));
  app.dataConsumers.set(dataConsumer.id, dataConsumer);
  dataConsumer.on('message', (message) => say(`somebody says: ${message}`));
  dataConsumer.on('close', () => app.dataConsumers.delete(dataConsumer.id));
}

/** Sends a track. */
async function use(track) {
  const options = track.kind === 'video' ? { encodings: simulcast.map((encoding) => ({ ...encoding })) } : {};
  const producer = await app.send.produce({ track, ...options });
  app.producers.push(producer);
  if (track.kind === 'video' && !document.querySelector('#own')) {
    const own = show(new MediaStream([track]), 'video');
    own.id = 'own';
  }
  return producer;
}

function connecting(transport) {
  transport.on('connect', ({ dtlsParameters }, done, failed) => {
    request('connectTransport', { transportId: transport.id, dtlsParameters }).then(done, failed);
  });
  return transport;
}

/** Of producers and consumers: what is said of them may overtake the answers that are awaited. */
const known = new Set();
const ended = new Set();

async function watch(producerId) {
  if (known.has(producerId)) return;
  known.add(producerId);
  const { recvRtpCapabilities: rtpCapabilities } = app.device;
  const consumer = await app.receive.consume(await request('consume', { transportId: app.receive.id, producerId, rtpCapabilities }));
  const element = show(new MediaStream([consumer.track]), consumer.kind);
  app.consumers.set(consumer.id, { consumer, element });
  let spatialLayer = simulcast.length - 1;
  element.onclick = () => {
    spatialLayer = (spatialLayer + 1) % simulcast.length;
    request('setPreferredLayers', { consumerId: consumer.id, spatialLayer }).catch((error) => say(error.message));
  };
  if (ended.has(consumer.id)) return forget(consumer.id);
  await request('resume', { consumerId: consumer.id });
}

function forget(consumerId) {
  const watched = app.consumers.get(consumerId);
  app.consumers.delete(consumerId);
  watched?.consumer.close();
  watched?.element.remove();
}

function show(stream, kind) {
  const element = document.createElement(kind);
  Object.assign(element, { srcObject: stream, autoplay: true, playsInline: true, muted: kind === 'video' });
  document.body.append(element);
  return element;
}
