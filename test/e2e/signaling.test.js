// The browser code of a well-known tutorial on signaling, unchanged, against the server's short form: docs/signaling.md, last chapter.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fixture, withChromium } from './lib/fixture.js';
import { until } from './lib/wait.js';

/** In the page. Its first half is the tutorial's own code, line by line. @param {{ address: string }} where */
async function alice({ address }) {
  const MESSAGE_TYPE = { SDP: 'SDP', CANDIDATE: 'CANDIDATE' };
  const signaling = new WebSocket(address);
  await new Promise((resolve) => (signaling.onopen = resolve));

  const peerConnection = new RTCPeerConnection({
    iceServers: [{ urls: 'stun:stun.test.com:19000' }],
  });
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: true,
    video: true,
  });
  stream.getTracks().forEach((track) => peerConnection.addTrack(track, stream));

  /** @type {any} */
  const w = window;
  w.tutorial = { peerConnection, stream: stream.id, arrived: {}, errors: [] };
  peerConnection.ontrack = ({ track, streams }) => {
    const [from] = streams;
    if (!from) return;
    w.tutorial.arrived[from.id] = { ...w.tutorial.arrived[from.id], [track.kind]: true };
    const element = document.createElement('video');
    element.srcObject = from;
    element.muted = element.autoplay = true;
    document.body.append(element);
  };
  peerConnection.onicecandidate = ({ candidate }) =>
    signaling.send(JSON.stringify({ message_type: MESSAGE_TYPE.CANDIDATE, content: candidate }));
  signaling.onmessage = async ({ data }) => {
    const { message_type, content } = JSON.parse(data);
    if (message_type === 'ERROR') w.tutorial.errors.push(content);
    if (message_type !== MESSAGE_TYPE.SDP) return;
    await peerConnection.setRemoteDescription(content);
    if (content.type !== 'offer') return;
    const answer = await peerConnection.createAnswer();
    await peerConnection.setLocalDescription(answer);
    signaling.send(JSON.stringify({ message_type: MESSAGE_TYPE.SDP, content: answer }));
  };

  const offer = await peerConnection.createOffer();
  await peerConnection.setLocalDescription(offer);
  signaling.send(
    JSON.stringify({
      message_type: MESSAGE_TYPE.SDP,
      content: offer,
    }),
  );
  return stream.id;
}

describe('001: the tutorial’s browser code', withChromium, () => {
  const call = Fixture.use({ options: ['--signaling-port', '0'] });

  it('meets itself and a user of the page; stream ids arrive on the other side, and pictures are decoded', async (t) => {
    const address = /ws:\/\/localhost:\d+/.exec(call.server.output)?.[0] ?? '';
    const room = call.room();
    const people = [];
    for (const name of ['Alice', 'Bob']) {
      const { page, close } = await call.chromium.page();
      t.after(close);
      await page.goto(`${call.server.url}/health`);
      people.push({ name, page, stream: await page.evaluate(alice, { address: `${address}/?room=${room}&name=${name}` }) });
    }
    const user = await call.join(t, room, 'Cleo');
    await user.until('is in the room', ({ phase }) => phase === 'joined');
    const userStream = await user.page.evaluate(() => /** @type {any} */ (window).sluice.call.media.stream.id);
    const streams = [...people.map(({ stream }) => stream), userStream];
    for (const { name, page, stream } of people) {
      /** @type {any} */
      let seen;
      await until(
        `${name} to see and hear the others`,
        async () => {
          seen = await page.evaluate(async () => {
            const { arrived, errors, peerConnection } = /** @type {any} */ (window).tutorial;
            const reports = [...(await peerConnection.getStats()).values()];
            const frames = reports
              .filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'video')
              .map((each) => each.framesDecoded ?? 0);
            return { arrived, errors, frames };
          });
          return (
            Object.keys(seen.arrived).length === 2 &&
            seen.frames.length === 2 &&
            seen.frames.every((/** @type {number} */ count) => count > 20)
          );
        },
        { within: 15_000, seen: () => seen },
      );
      const others = streams.filter((each) => each !== stream);
      assert.deepEqual(Object.keys(seen.arrived).sort(), [...others].sort());
      for (const id of others) assert.deepEqual(seen.arrived[id], { audio: true, video: true });
      assert.deepEqual(seen.errors, []);
    }
    await user.sees(['Alice', 'Bob']);
  });
});
