#!/usr/bin/env node
// A worker that misbehaves on the channel in the way that SLUICE_FAKE names.
import { Socket } from 'node:net';
import { Deframer, encodeFrame, protocolVersion } from '../dist/channel/framing.js';
import * as wire from '../dist/wire/index.js';

const socket = new Socket({ fd: 3 });
socket.on('error', () => {});
socket.on('end', () => process.exit(0));

const hello = (version = protocolVersion) => socket.write(encodeFrame(new wire.HelloT(version, 'fake-worker', '9.9.9', process.pid)));
const prefixed = (size, rest) => {
  const bytes = Buffer.alloc(4 + rest.length);
  bytes.writeUInt32LE(size);
  bytes.set(rest, 4);
  return bytes;
};
/** When the first request came: the second frame, after Hello. */
const onRequest = (answer) => {
  const deframer = new Deframer();
  let frames = 0;
  socket.on('data', (bytes) => {
    for (deframer.push(bytes); deframer.next();) if (++frames === 2) answer();
  });
};

const ways = {
  version: () => hello(protocolVersion + 1),
  garbage: () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
  huge: () => socket.write(prefixed(0x7fffffff, Buffer.alloc(16))),
  noIdentifier: () => socket.write(prefixed(16, Buffer.alloc(16))),
  // A frame whose every offset points into itself: flatbuffers alone would read it for a very long time.
  looping: () => socket.write(prefixed(4096, Buffer.concat([Buffer.from([4, 0, 0, 0]), Buffer.from('SLCE'), Buffer.alloc(4088, 1)]))),
  failure: () => socket.write(encodeFrame(new wire.FailureT(new wire.ErrorT(wire.ErrorCode.INTERNAL, '', 'the moon is in the way')))),
  noHello: () => socket.write(encodeFrame(new wire.ResponseT(1, null, wire.Reply.DoneT, new wire.DoneT()))),
  exit: () => process.exit(7),
  stderr: () => {
    process.stderr.write('some library: a warning\nsluice-worker: no such thing as a free port\n');
    process.exit(1);
  },
  garbageLater: () => {
    hello();
    onRequest(() => socket.write('garbage garbage garbage'));
  },
  wrongReply: () => {
    hello();
    onRequest(() => socket.write(encodeFrame(new wire.ResponseT(1, null, wire.Reply.PeerReply, new wire.PeerReplyT('x')))));
  },
  unasked: () => {
    hello();
    onRequest(() => socket.write(encodeFrame(new wire.ResponseT(77, null, wire.Reply.Done, new wire.DoneT()))));
  },
  endLater: () => {
    hello();
    onRequest(() => process.exit(3));
  },
  // The channel ends, the process does not.
  hang: () => {
    hello();
    onRequest(() => socket.end());
    setInterval(() => {}, 1000);
    socket.removeAllListeners('end');
  },
};
ways[process.env.SLUICE_FAKE]();
