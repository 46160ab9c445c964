// One room for everybody who opens the page. Signaling is JSON over a WebSocket: requests { id, method, data } from the page are
// answered { id, data } or { id, error }; { method, data } tells the page something.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createWorker } from 'sluice';
import { WebSocketServer } from 'ws';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

export async function startServer({ port = 0, workerSettings = {} } = {}) {
  const worker = await createWorker(workerSettings);
  const room = await worker.createRoom({
    mediaCodecs: [
      { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
      { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
    ],
  });
  const page = await readFile(here('index.html'));
  const script = await build({ entryPoints: [here('client.js')], bundle: true, format: 'esm', write: false });
  const http = createServer((request, response) => {
    const [type, body] = request.url === '/client.js' ? ['text/javascript', script.outputFiles[0].contents] : ['text/html', page];
    response.setHeader('content-type', type).end(body);
  });
  const members = new Set();
  const sockets = new WebSocketServer({ server: http, maxPayload: 64 * 1024 });
  sockets.on('connection', (socket) => void serve(socket, room, members));
  await new Promise((resolve) => http.listen(port, 'localhost', resolve));
  return {
    worker,
    room,
    members,
    port: http.address().port,
    close() {
      worker.close();
      for (const socket of sockets.clients) socket.terminate();
      http.close();
    },
  };
}

/** A page, from the opening of its socket to the end. */
async function serve(socket, room, members) {
  const methods = {};
  const send = (message) => socket.send(JSON.stringify(message));
  // Before anything is awaited, so that no message is lost; the page asks only after the greeting.
  socket.on('message', async (text) => {
    let id;
    try {
      const request = JSON.parse(text);
      id = request.id;
      if (!Object.hasOwn(methods, request.method)) throw new Error(`there is no method "${request.method}"`);
      send({ id, data: await methods[request.method](request.data ?? {}) });
    } catch (error) {
      send({ id, error: error.message });
    }
  });
  const member = {
    peer: await room.createPeer(),
    producers: new Map(),
    consumers: new Map(),
    dataProducers: new Map(),
    tell: (method, data) => send({ method, data }),
  };
  socket.on('close', () => {
    members.delete(member);
    member.peer.close(); // with all it owns; the others hear of it by `producerclose`
  });
  if (socket.readyState !== socket.OPEN) return member.peer.close();
  Object.assign(methods, methodsOf(member, room, members));
  members.add(member);
  member.tell('welcome', { routerRtpCapabilities: room.rtpCapabilities });
}

/** What a page may ask for. What it sends is checked by the controller and the worker. */
function methodsOf(member, room, members) {
  const transports = new Map();
  const mine = (map, id) => {
    const found = map.get(id);
    if (found === undefined) throw new Error(`you have no ${id}`);
    return found;
  };
  return {
    async createTransport() {
      const transport = await member.peer.createWebRtcTransport({ enableSctp: true });
      transports.set(transport.id, transport);
      const { id, iceParameters, iceCandidates, dtlsParameters, sctpParameters } = transport;
      return { id, iceParameters, iceCandidates, dtlsParameters, sctpParameters };
    },
    async connectTransport({ transportId, dtlsParameters }) {
      await mine(transports, transportId).connect({ dtlsParameters });
    },
    async restartIce({ transportId }) {
      return mine(transports, transportId).restartIce();
    },
    async produce({ transportId, kind, rtpParameters }) {
      const producer = await mine(transports, transportId).produce({ kind, rtpParameters });
      member.producers.set(producer.id, producer);
      producer.observer.once('close', () => member.producers.delete(producer.id));
      for (const other of members) if (other !== member) other.tell('newProducer', { producerId: producer.id });
      return { id: producer.id };
    },
    /** Of the others, so far. */
    async producers() {
      return [...members].flatMap((other) => (other === member ? [] : [...other.producers.keys()]));
    },
    /** Paused until the page is ready for it. */
    async consume({ transportId, producerId, rtpCapabilities }) {
      if (!(await room.canConsume({ producerId, rtpCapabilities }))) throw new Error('this browser cannot play it');
      const consumer = await mine(transports, transportId).consume({ producerId, rtpCapabilities, paused: true });
      member.consumers.set(consumer.id, consumer);
      consumer.on('producerclose', () => member.tell('consumerClosed', { consumerId: consumer.id }));
      consumer.observer.once('close', () => member.consumers.delete(consumer.id));
      const { id, kind, type, rtpParameters } = consumer;
      return { id, producerId, kind, type, rtpParameters };
    },
    async resume({ consumerId }) {
      await mine(member.consumers, consumerId).resume();
    },
    async produceData({ transportId, sctpStreamParameters, label, protocol }) {
      const dataProducer = await mine(transports, transportId).produceData({ sctpStreamParameters, label, protocol });
      member.dataProducers.set(dataProducer.id, dataProducer);
      dataProducer.observer.once('close', () => member.dataProducers.delete(dataProducer.id));
      for (const other of members) if (other !== member) other.tell('newDataProducer', { dataProducerId: dataProducer.id });
      return { id: dataProducer.id };
    },
    /** Of the others, so far. */
    async dataProducers() {
      return [...members].flatMap((other) => (other === member ? [] : [...other.dataProducers.keys()]));
    },
    async consumeData({ transportId, dataProducerId }) {
      const dataConsumer = await mine(transports, transportId).consumeData({ dataProducerId });
      const { id, sctpStreamParameters, label, protocol } = dataConsumer;
      return { id, dataProducerId, sctpStreamParameters, label, protocol };
    },
    async closeDataProducer({ dataProducerId }) {
      mine(member.dataProducers, dataProducerId).close();
    },
    async setPreferredLayers({ consumerId, spatialLayer }) {
      await mine(member.consumers, consumerId).setPreferredLayers({ spatialLayer });
    },
    async closeProducer({ producerId }) {
      mine(member.producers, producerId).close();
    },
  };
}
