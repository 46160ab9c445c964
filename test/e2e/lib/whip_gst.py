"""A WHIP client of GStreamer's webrtcbin: whip_gst.py URL [TOKEN]

Sends a moving picture (VP8) and a tone (Opus), with trickle ICE by PATCH. Prints one line for each step; SIGINT ends it with DELETE.
"""

import re
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PIPELINE = """
webrtcbin name=rtc bundle-policy=max-bundle
videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate=20/1 ! videoconvert ! queue
  ! vp8enc deadline=1 cpu-used=8 target-bitrate=300000 keyframe-max-dist=2000 ! rtpvp8pay picture-id-mode=15-bit
  ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! rtc.
audiotestsrc is-live=true wave=ticks ! audioconvert ! audioresample ! queue ! opusenc ! rtpopuspay
  ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! rtc.
"""


class Client:
    def __init__(self, url, token):
        self.url, self.token = url, token
        self.session = self.etag = self.answer = None
        self.candidates = []
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(PIPELINE)
        self.rtc = self.pipeline.get_by_name("rtc")
        # The reference is kept for the whole run: the binding gives one back too many otherwise.
        self.agent = self.rtc.get_property("ice-agent")
        self.agent.emit("add-local-ip-address", "127.0.0.1")
        for index in range(2):
            transceiver = self.rtc.emit("get-transceiver", index)
            transceiver.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        self.rtc.connect("on-ice-candidate", self.on_candidate)
        self.rtc.connect("on-negotiation-needed", self.on_needed)
        self.rtc.connect("notify::connection-state", self.on_state)

    def run(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, self.end)
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)

    def ask(self, method, url, body=None, kind=None, headers=None):
        headers = dict(headers or {})
        if kind:
            headers["Content-Type"] = kind
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        request = urllib.request.Request(url, data=body.encode() if body else None, method=method, headers=headers)
        try:
            response = urllib.request.urlopen(request, timeout=10)
        except urllib.error.HTTPError as error:
            response = error
        text = response.read().decode()
        print(method, response.status, text.strip().splitlines()[0] if response.status >= 400 else "", flush=True)
        return response, text

    def on_needed(self, _rtc):
        self.rtc.emit("create-offer", None, Gst.Promise.new_with_change_func(self.on_offer, None))

    def on_offer(self, promise, _data):
        reply = promise.get_reply()  # kept: what is taken from it is borrowed
        offer = reply.get_value("offer")
        self.rtc.emit("set-local-description", offer, None)
        text = offer.sdp.as_text()
        self.mid = re.search(r"^a=mid:(\S+)", text, re.M).group(1)
        GLib.idle_add(self.post, text)

    def post(self, offer):
        response, text = self.ask("POST", self.url, offer, "application/sdp")
        if response.status != 201:
            self.loop.quit()
            return False
        self.session = urllib.parse.urljoin(self.url, response.headers["Location"])
        self.etag = response.headers["ETag"]
        _, message = GstSdp.SDPMessage.new_from_text(text)
        self.answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.rtc.emit("set-remote-description", self.answer, None)
        self.trickle()
        return False

    def on_candidate(self, _rtc, _line, candidate):
        if not candidate:
            return
        self.candidates.append(candidate)
        GLib.idle_add(self.trickle)

    def trickle(self):
        if self.session and self.candidates:
            waiting, self.candidates = self.candidates, []
            lines = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:" + self.mid] + ["a=" + each for each in waiting]
            self.ask("PATCH", self.session, "\r\n".join(lines) + "\r\n", "application/trickle-ice-sdpfrag", {"If-Match": self.etag})
        return False

    def on_state(self, rtc, _property):
        print("state", rtc.get_property("connection-state").value_nick, flush=True)

    def end(self):
        if self.session:
            self.ask("DELETE", self.session)
        self.loop.quit()
        return False


if __name__ == "__main__":
    Gst.init(None)
    Client(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "").run()
