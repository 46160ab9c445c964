// The way to the wire and back, and what the channel does with bytes that are no frames.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deframer, decodeFrame, encodeFrame } from '../dist/channel/framing.js';
import { rtpCapabilities, rtpParameters } from '../dist/shapes/rtp.js';
import * as wire from '../dist/wire/index.js';
import { audioParameters, videoParameters } from './support.js';

/** Through a frame, as to a worker and back. */
function sent(command, type) {
  const { body } = new wire.FrameT(wire.Body.Request, decodeFrame(encodeFrame(new wire.RequestT(1, type, command))));
  return body.command;
}

function roundTrip(parameters) {
  const command = sent(
    new wire.ProduceT('t', 'p', wire.MediaKind.VIDEO, rtpParameters.toWire(parameters, 'rtpParameters')),
    wire.Command.Produce,
  );
  return rtpParameters.fromWire(command.rtpParameters);
}

const filled = { dtx: false };

test('RTP parameters come back as they went, defaults filled in', () => {
  const audio = audioParameters();
  const expected = structuredClone(audio);
  expected.codecs[0].rtcpFeedback[0].parameter = '';
  for (const extension of expected.headerExtensions) extension.encrypt = false;
  expected.encodings[0] = { ...filled, ...expected.encodings[0] };
  expected.rtcp.reducedSize = true;
  assert.deepEqual(roundTrip(audio), expected);
  const [vp8, rtx] = roundTrip(videoParameters()).codecs;
  assert.ok(!('channels' in vp8));
  assert.deepEqual(rtx.parameters, { apt: 112 });
  assert.deepEqual(rtx.rtcpFeedback, []);
});

test('zero is a value, not the absence of one', () => {
  const parameters = {
    codecs: [{ mimeType: 'audio/PCMU', payloadType: 0, clockRate: 8000 }],
    encodings: [{ ssrc: 0, codecPayloadType: 0, maxBitrate: 0 }],
  };
  const back = roundTrip(parameters);
  assert.equal(back.codecs[0].payloadType, 0);
  assert.deepEqual(back.encodings, [{ ...filled, ssrc: 0, codecPayloadType: 0, maxBitrate: 0 }]);
  const candidate = sent(new wire.AddIceCandidateT('peer', '', null, 0, null), wire.Command.AddIceCandidate);
  assert.deepEqual({ ...candidate }, { peerId: 'peer', candidate: '', sdpMid: null, sdpMLineIndex: 0, usernameFragment: null });
});

test('what is absent stays absent', () => {
  const back = roundTrip({ codecs: [], encodings: [{}] });
  assert.deepEqual(back, { codecs: [], headerExtensions: [], encodings: [filled], rtcp: { reducedSize: true } });
});

test('codec parameters keep their types', () => {
  const parameters = {
    apt: 96,
    'profile-level-id': '42e01f',
    big: 2 ** 40,
    negative: -5,
    fraction: 0.5,
    yes: true,
    no: false,
    none: null,
    empty: '',
  };
  const back = roundTrip({ codecs: [{ mimeType: 'video/x', payloadType: 1, clockRate: 90000, parameters }] });
  assert.deepEqual(back.codecs[0].parameters, {
    apt: 96,
    'profile-level-id': '42e01f',
    big: 2 ** 40,
    negative: -5,
    fraction: '0.5',
    yes: 1,
    no: 0,
    empty: '',
  });
});

test('a wrong value is told with its path and what was expected', () => {
  const told = (value) => {
    try {
      rtpCapabilities.toWire(value, 'rtpCapabilities');
    } catch (error) {
      assert.ok(error instanceof TypeError);
      return error.message;
    }
    return 'fine';
  };
  assert.equal(told(undefined), 'rtpCapabilities: missing, expected an object');
  assert.equal(told([]), 'rtpCapabilities: expected an object, got []');
  assert.equal(told({ codecs: {} }), 'rtpCapabilities.codecs: expected an array, got {}');
  assert.equal(told({ codecs: [{ kind: 'VIDEO' }] }), 'rtpCapabilities.codecs[0].kind: expected one of audio, video, got "VIDEO"');
  assert.equal(
    told({ headerExtensions: [{ kind: 'audio', uri: 'u', preferredId: 256 }] }),
    'rtpCapabilities.headerExtensions[0].preferredId: expected an integer from 0 to 255, got 256',
  );
  assert.equal(told({}), 'fine');
});

test('frames are cut from a stream however it is chopped up', () => {
  const frames = [1, 2, 3].map((id) =>
    encodeFrame(new wire.ResponseT(id, null, wire.Reply.DumpReply, new wire.DumpReplyT('x'.repeat(id * 1000)))),
  );
  const stream = Buffer.concat(frames);
  for (const size of [1, 3, 7, 1000, stream.length]) {
    const deframer = new Deframer();
    const ids = [];
    for (let at = 0; at < stream.length; at += size) {
      deframer.push(stream.subarray(at, at + size));
      for (let frame = deframer.next(); frame; frame = deframer.next()) ids.push(decodeFrame(frame).id);
    }
    assert.deepEqual(ids, [1, 2, 3]);
    assert.ok(deframer.idle);
  }
});

test('no frame that was tampered with does worse than being refused', () => {
  const good = encodeFrame(new wire.NotificationT(wire.Event.LogRecord, new wire.LogRecordT(1, 2, 'object', 'message')));
  let seed = 1;
  const random = (below) => (seed = (seed * 48271) % 0x7fffffff) % below;
  for (let i = 0; i < 20_000; i++) {
    const bad = Uint8Array.from(good);
    for (let flips = random(4); flips >= 0; flips--) bad[4 + random(bad.length - 4)] = random(256);
    try {
      decodeFrame(bad);
    } catch (error) {
      assert.equal(error.name, 'MalformedFrameError', `round ${i}: ${error.stack}`);
    }
  }
});
