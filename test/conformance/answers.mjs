// Prints the Node controller's answer to every recorded offer, as JSON: name → { answer, sections, producers } or { error }.
// python/tests/test_same_answers.py runs it with a worker of fixed seed and compares. Argument: the UDP port of the worker.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createWorker, getSupportedRtpCapabilities } from '../../node/dist/index.js';

const root = new URL('../../', import.meta.url);
const offers = new URL('test/negotiate/offers/', root);
const certificate = (name) => fileURLToPath(new URL(`test/data/certificates/${name}.pem`, root));

process.env.LD_PRELOAD = process.env.SLUICE_FIXED_SEED;
const worker = await createWorker({
  listen: [{ ip: '127.0.0.1', port: Number(process.argv[2]) }],
  dtlsCertificateFile: certificate('first'),
  dtlsPrivateKeyFile: certificate('first_key'),
});
const mediaCodecs = getSupportedRtpCapabilities().codecs.filter(({ mimeType }) => /opus|PCMU|VP8|VP9|H264$|AV1/i.test(mimeType));
const answers = {};
for (const file of readdirSync(offers).sort()) {
  const room = await worker.createRoom({ mediaCodecs });
  const peer = await room.createPeer({ id: `peer-${file}` });
  const producers = [];
  peer.on('newproducer', ({ kind, type, rtpParameters }) => producers.push({ kind, type, rtpParameters }));
  try {
    await peer.setRemoteDescription({ type: 'offer', sdp: readFileSync(new URL(file, offers), 'utf8') });
    await peer.setLocalDescription(await peer.createAnswer());
    answers[file] = {
      answer: peer.localDescription.sdp,
      sections: peer.sections.map((section) => ({ ...section, producerId: undefined })),
    };
  } catch (error) {
    answers[file] = { error: error.message };
  }
  await peer.dump();
  answers[file].producers = producers;
  room.close();
}
worker.close();
console.log(JSON.stringify(answers));
