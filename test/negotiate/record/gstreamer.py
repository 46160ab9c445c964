#!/usr/bin/python3
"""gstreamer.py: records the offers of GStreamer's webrtcbin into ../offers, and its answer to an offer of ours into ../answers."""

import pathlib
import re

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402, F401

Gst.init(None)
HERE = pathlib.Path(__file__).parent.parent
OFFERS = HERE / "offers"
AUDIO = "audiotestsrc is-live=true ! opusenc ! rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! w."
VIDEO = {
    "vp8": "videotestsrc is-live=true ! vp8enc deadline=1 ! rtpvp8pay ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! w.",
    "h264": "videotestsrc is-live=true ! x264enc tune=zerolatency ! video/x-h264,profile=constrained-baseline ! rtph264pay"
    " ! application/x-rtp,media=video,encoding-name=H264,payload=102 ! w.",
}


def anonymous(sdp: str) -> str:
    sdp = re.sub(r"(?m)^(a=candidate:\S+ \d+ \S+ \d+ )\S+", r"\g<1>192.0.2.1", sdp)
    return re.sub(r"(?m)^(o=\S+ \S+ \S+ IN IP4 )\S+", r"\g<1>0.0.0.0", sdp)


def record(name: str, pipeline: str, data: bool = False) -> None:
    loop = GLib.MainLoop()
    pipe = Gst.parse_launch(pipeline)
    webrtc = pipe.get_by_name("w")

    def offered(promise, _):
        reply = promise.get_reply()  # kept: the description is borrowed from it
        offer = reply.get_value("offer")
        (OFFERS / f"gstreamer-{name}.sdp").write_text(anonymous(offer.sdp.as_text()), newline="")
        print(f"gstreamer-{name}")
        loop.quit()

    webrtc.connect(
        "on-negotiation-needed",
        lambda w: w.emit("create-offer", None, Gst.Promise.new_with_change_func(offered, None)),
    )
    pipe.set_state(Gst.State.READY)
    channel = webrtc.emit("create-data-channel", "chat", None) if data else None
    pipe.set_state(Gst.State.PLAYING)
    GLib.timeout_add_seconds(10, loop.quit)
    loop.run()
    pipe.set_state(Gst.State.NULL)
    del channel


def answer() -> None:
    loop = GLib.MainLoop()
    pipe = Gst.Pipeline()
    webrtc = Gst.ElementFactory.make("webrtcbin", "w")
    webrtc.set_property("bundle-policy", 3)  # max-bundle
    pipe.add(webrtc)
    pipe.set_state(Gst.State.PLAYING)
    _, sdp = GstSdp.SDPMessage.new_from_text((HERE / "golden" / "first-of-2.sdp").read_text())
    offer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.OFFER, sdp)

    def answered(promise, _):
        reply = promise.get_reply()
        made = reply.get_value("answer")
        (HERE / "answers").mkdir(exist_ok=True)
        (HERE / "answers" / "gstreamer.sdp").write_text(anonymous(made.sdp.as_text()), newline="")
        print("gstreamer")
        loop.quit()

    def offered(promise, _):
        webrtc.emit("create-answer", None, Gst.Promise.new_with_change_func(answered, None))

    webrtc.emit("set-remote-description", offer, Gst.Promise.new_with_change_func(offered, None))
    GLib.timeout_add_seconds(10, loop.quit)
    loop.run()
    pipe.set_state(Gst.State.NULL)


record("audio-video", f"webrtcbin name=w {VIDEO['vp8']} {AUDIO}")
record("max-bundle", f"webrtcbin name=w bundle-policy=max-bundle {VIDEO['h264']} {AUDIO}")
record("one-track", f"webrtcbin name=w {VIDEO['vp8']}")
record("data", f"webrtcbin name=w bundle-policy=max-bundle {AUDIO}", data=True)
answer()
