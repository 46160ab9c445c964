// What ffmpeg and GStreamer send as plain RTP.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Capture, isRtp, openSocket } from './capture.js';

const FFMPEG_VIDEO = '-f lavfi -i testsrc=size=320x180:rate=15 -t 3 -pix_fmt yuv420p';
const FFMPEG_AUDIO = '-f lavfi -i sine=frequency=440:sample_rate=48000 -t 1';
const GST_VIDEO = 'videotestsrc num-buffers=45 pattern=ball ! video/x-raw,width=320,height=180,framerate=15/1';
const GST_AUDIO = 'audiotestsrc num-buffers=50 samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=2';

/** @type {Record<string, { codec: string, ffmpeg?: string, gst?: string }>} */
export const PROGRAMS = {
  'ffmpeg-vp8': { codec: 'video/VP8', ffmpeg: `${FFMPEG_VIDEO} -c:v libvpx -b:v 100k -g 20 -deadline realtime` },
  'ffmpeg-vp9': { codec: 'video/VP9', ffmpeg: `${FFMPEG_VIDEO} -c:v libvpx-vp9 -b:v 100k -g 20 -deadline realtime -strict experimental` },
  // B frames, of which nothing depends: nal_ref_idc 0. Small NAL units leave as STAP-A, long ones as FU-A.
  'ffmpeg-h264': { codec: 'video/H264', ffmpeg: `${FFMPEG_VIDEO} -c:v libx264 -profile:v main -b:v 100k -g 20 -bf 2 -b_strategy 0` },
  'ffmpeg-h265': {
    codec: 'video/H265',
    ffmpeg: `${FFMPEG_VIDEO} -c:v libx265 -b:v 100k -x265-params keyint=20:temporal-layers=1:log-level=error`,
  },
  'ffmpeg-opus': { codec: 'audio/opus', ffmpeg: `${FFMPEG_AUDIO} -c:a libopus -b:a 24k -ac 2` },
  'ffmpeg-pcmu': { codec: 'audio/PCMU', ffmpeg: `${FFMPEG_AUDIO} -c:a pcm_mulaw -ar 8000 -ac 1` },
  'gstreamer-vp8': {
    codec: 'video/VP8',
    gst: `${GST_VIDEO} ! vp8enc deadline=1 target-bitrate=100000 keyframe-max-dist=20 ! rtpvp8pay picture-id-mode=2`,
  },
  'gstreamer-vp9': {
    codec: 'video/VP9',
    gst: `${GST_VIDEO} ! vp9enc deadline=1 target-bitrate=100000 keyframe-max-dist=20 ! rtpvp9pay picture-id-mode=2`,
  },
  'gstreamer-h264': {
    codec: 'video/H264',
    gst: `${GST_VIDEO} ! openh264enc bitrate=100000 gop-size=20 ! h264parse ! rtph264pay aggregate-mode=zero-latency config-interval=-1`,
  },
  'gstreamer-h265': {
    codec: 'video/H265',
    gst: `${GST_VIDEO} ! x265enc bitrate=100 key-int-max=20 tune=zerolatency ! h265parse ! rtph265pay aggregate-mode=zero-latency config-interval=-1`,
  },
  // Silence between tones, so that discontinuous transmission begins and ends.
  'gstreamer-opus-dtx': {
    codec: 'audio/opus',
    gst: 'audiotestsrc wave=ticks num-buffers=100 samplesperbuffer=960 tick-interval=900000000 ! audio/x-raw,rate=48000,channels=1 ! opusenc audio-type=voice bitrate=16000 dtx=true ! rtpopuspay dtx=false',
  },
  // Something like a voice: what is not does not get forward error correction.
  'gstreamer-opus-fec': {
    codec: 'audio/opus',
    gst: 'audiotestsrc wave=saw freq=180 num-buffers=50 samplesperbuffer=320 ! audio/x-raw,rate=16000,channels=1 ! opusenc audio-type=voice bandwidth=wideband bitrate=24000 inband-fec=true packet-loss-percentage=30 ! rtpopuspay',
  },
  'gstreamer-red': {
    codec: 'audio/red',
    gst: `${GST_AUDIO} ! opusenc bitrate=24000 ! rtpopuspay pt=97 ! rtpredenc pt=96 distance=2 allow-no-red-blocks=true`,
  },
};

/** @param {string} name @param {string} folder */
export async function recordProgram(name, folder) {
  const { codec, ffmpeg, gst } = PROGRAMS[name];
  const socket = await openSocket();
  const { port } = socket.address();
  const command = ffmpeg
    ? ['ffmpeg', '-nostdin', '-loglevel', 'error', ...ffmpeg.split(' '), '-an', '-f', 'rtp', `rtp://127.0.0.1:${port}?pkt_size=1200`]
    : ['gst-launch-1.0', '-q', ...gst.split(' '), '!', 'udpsink', 'host=127.0.0.1', `port=${port}`, 'sync=true'];
  if (ffmpeg && codec.startsWith('audio/')) command.splice(command.indexOf('-an'), 1, '-vn');
  // At the speed it plays at, or the socket's buffer overflows.
  if (ffmpeg) command.splice(4, 0, '-re');
  const capture = new Capture(`${folder}/${name}.rtp`, { from: command.slice(0, -1).join(' ').replaceAll(String(port), 'PORT'), codec });
  socket.on('message', (packet) => {
    if (!isRtp(packet)) return;
    capture.head['payload-type'] ??= packet[1] & 0x7f;
    capture.add(packet);
  });
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  socket.close();
  if (code !== 0) throw new Error(`${name}: ${command.join(' ')} ended with ${code}`);
  capture.save();
}
