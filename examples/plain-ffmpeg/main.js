// ffmpeg in a room: publishes a file, or a test picture and a tone, and a page shows it.
//
//   node examples/plain-ffmpeg/main.js [FILE]      then open http://localhost:8001 (PORT=… for another, 0 for any)
//
// ffmpeg sends plain RTP, so it needs nothing but addresses: one plain transport a track. It cannot say where it will send from, so
// they learn that (comedia); and it sends RTCP from a socket of its own, so they have one for it too (rtcpMux: false).
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createWorker } from 'sluice';

const file = process.argv[2];
const page = readFileSync(new URL('index.html', import.meta.url));

const worker = await createWorker({ listen: [{ ip: '127.0.0.1' }] });
const room = await worker.createRoom({
  mediaCodecs: [
    { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
    { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
  ],
});

/** A producer of the room, and the options that make ffmpeg's next output its source. */
async function publish(kind, ssrc, codec) {
  const transport = await room.createPlainTransport({ comedia: true, rtcpMux: false });
  await transport.produce({ kind, rtpParameters: { codecs: [codec], encodings: [{ ssrc }] } });
  transport.on('tuple', ({ remoteIp, remotePort }) => console.log(`${kind} comes from ${remoteIp}:${remotePort}`));
  const { localAddress, localPort } = transport.tuple;
  const url = `rtp://${localAddress}:${localPort}?rtcpport=${transport.rtcpTuple.localPort}&pkt_size=1200`;
  return ['-ssrc', String(ssrc), '-payload_type', String(codec.payloadType), '-f', 'rtp', url];
}

const video = await publish('video', 2222, { mimeType: 'video/VP8', payloadType: 96, clockRate: 90000 });
const audio = await publish('audio', 1111, { mimeType: 'audio/opus', payloadType: 97, clockRate: 48000, channels: 2 });

const input =
  file === undefined
    ? ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30', '-re', '-f', 'lavfi', '-i', 'sine=440:sample_rate=48000']
    : ['-stream_loop', '-1', '-re', '-i', file];
// ffmpeg does not hear requests for key frames: one a second lets a viewer start within a second.
const vp8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '800k', '-g', '30', '-pix_fmt', 'yuv420p'];
const opus = ['-c:a', 'libopus', '-ac', '2', '-ar', '48000'];
const tracks = ['-map', '0:v:0', ...vp8, ...video, '-map', file === undefined ? '1:a' : '0:a:0', ...opus, ...audio];
const ffmpeg = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', ...input, ...tracks], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
ffmpeg.on('error', (error) => stop(`ffmpeg cannot be run: ${error.message}`));
ffmpeg.on('exit', (code) => stop(code === 0 ? '' : `ffmpeg ended with ${code}`));

// Each viewer is a peer that is offered what the room has: POST / gives the offer, POST /?peer=ID takes the answer.
const peers = new Map();
const server = createServer(async (request, response) => {
  const peer = peers.get(new URL(request.url, 'http://localhost').searchParams.get('peer'));
  if (request.method !== 'POST') return response.setHeader('content-type', 'text/html').end(page);
  if (peer === undefined) {
    const viewer = await room.createPeer({ subscription: 'all' });
    await viewer.setLocalDescription();
    peers.set(viewer.id, viewer);
    viewer.on('icestatechange', (state) => state === 'disconnected' && viewer.close());
    viewer.observer.on('close', () => peers.delete(viewer.id));
    return response.end(JSON.stringify({ peer: viewer.id, offer: viewer.localDescription }));
  }
  let answer = '';
  for await (const chunk of request) answer += chunk;
  try {
    await peer.setRemoteDescription(JSON.parse(answer));
  } catch (error) {
    response.statusCode = 400;
    return response.end(String(error));
  }
  return response.end('{}');
});
server.listen(Number(process.env.PORT ?? 8001), 'localhost', () => {
  console.log(`watch at http://localhost:${server.address().port}`);
});

function stop(trouble) {
  if (trouble) console.error(trouble);
  process.exitCode = trouble ? 1 : 0;
  ffmpeg.kill();
  worker.close();
  server.close();
  server.closeAllConnections?.();
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (ffmpeg.removeAllListeners('exit'), stop('')));
worker.once('died', (error) => stop(error.message));
