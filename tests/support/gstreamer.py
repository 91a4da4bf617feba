"""A WHIP publisher and a WHEP player made of GStreamer's webrtcbin, as a program: `python3 -m tests.support.gstreamer ROLE URL TOKEN CODEC`.

It runs under the system's Python, which has GStreamer's bindings, and uses nothing else of ours.  It speaks HTTP by itself;
what it says on its standard output, one JSON object a line, are its offer, the answer's status and, twice a second, how
much it has sent or decoded.  A line on its standard input, or its end, lets it hang up with DELETE.  Called by
tests/journeys/test_gstreamer.py.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urljoin

SOUND = ("audiotestsrc is-live=true freq=440 ! audioconvert ! opusenc ! rtpopuspay pt=111 ! "
         "application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! w. ")
PICTURE = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate=15/1 ! "
CODECS = {
    "VP8": "vp8enc deadline=1 keyframe-max-dist=60 ! rtpvp8pay pt=96 picture-id-mode=15-bit",
    "H264": "videoconvert ! openh264enc gop-size=60 ! video/x-h264,profile=constrained-baseline ! h264parse ! "
            "rtph264pay pt=96 aggregate-mode=zero-latency config-interval=-1",
}


def say(**what: Any) -> None:
    """One line at once: GStreamer calls from threads of its own."""
    os.write(sys.stdout.fileno(), json.dumps(what).encode() + b"\n")


class Program:
    """One peer connection and its counts."""

    def __init__(self, role: str, url: str, token: str, codec: str) -> None:
        import gi

        for name in ("Gst", "GstWebRTC", "GstSdp"):
            gi.require_version(name, "1.0")
        from gi.repository import GLib, Gst, GstSdp, GstWebRTC

        self.GLib, self.Gst, self.GstSdp, self.GstWebRTC = GLib, Gst, GstSdp, GstWebRTC
        Gst.init(None)
        self.role, self.url, self.token, self.codec = role, url, token, codec
        self.session, self.counts = "", {"audio": 0, "video": 0}
        self.offered = False
        self.loop = GLib.MainLoop()
        text = "webrtcbin name=w bundle-policy=max-bundle "
        if role == "whip":
            text += PICTURE + CODECS[codec] + f" ! application/x-rtp,media=video,encoding-name={codec},payload=96 ! w. " + SOUND
        parsed = Gst.parse_launch(text)
        self.bin = parsed if role == "whep" else parsed.get_by_name("w")
        self.pipeline = parsed
        if role == "whep":  # one element alone makes no pipeline
            self.pipeline = Gst.Pipeline()
            self.pipeline.add(self.bin)
        self.bin.connect("notify::ice-gathering-state", lambda *_: self._gathered())
        self.bin.connect("notify::connection-state", lambda *_: say(state=self.bin.get_property("connection-state").value_nick))
        if role == "whip":
            self.bin.connect("on-negotiation-needed", lambda _bin: self._offer())
        else:
            self.bin.connect("pad-added", self._pad)

    def run(self) -> None:
        Gst, direction = self.Gst, self.GstWebRTC.WebRTCRTPTransceiverDirection
        self.pipeline.set_state(Gst.State.READY)
        if self.role == "whep":
            rtp = f"application/x-rtp,media=video,encoding-name={self.codec},payload=96,clock-rate=90000"
            rtp += ",packetization-mode=(string)1,profile-level-id=(string)42e01f" if self.codec == "H264" else ""
            sound = "application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,encoding-params=(string)2"
            for caps in (sound, rtp):
                self.bin.emit("add-transceiver", direction.RECVONLY, Gst.Caps.from_string(caps))
        self.pipeline.set_state(Gst.State.PLAYING)
        if self.role == "whep":
            self._offer()
        self.GLib.io_add_watch(sys.stdin, self.GLib.IO_IN | self.GLib.IO_HUP, lambda *_: self.loop.quit())
        self.GLib.timeout_add(500, self._tell)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", lambda _bus, message: say(error=str(message.parse_error())))
        self.loop.run()
        if self.session:
            self._http("DELETE", self.session)
        self.pipeline.set_state(Gst.State.NULL)

    def _tell(self) -> bool:
        say(counts=self.counts)
        return True

    # -- offer and answer

    def _offer(self) -> None:
        if self.role == "whip":
            index = 0
            while (one := self.bin.emit("get-transceiver", index)) is not None:
                one.set_property("direction", self.GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
                index += 1
            for pad, kind in zip(self.bin.sinkpads, ("video", "audio"), strict=True):  # as they are linked
                pad.add_probe(self.Gst.PadProbeType.BUFFER | self.Gst.PadProbeType.BUFFER_LIST, self._count, kind)
        self.bin.emit("create-offer", None, self.Gst.Promise.new_with_change_func(self._offered))

    def _offered(self, promise: Any) -> None:
        promise.wait()
        reply = promise.get_reply()  # to be kept: what is in it belongs to it
        self.offered = True
        self.bin.emit("set-local-description", reply.get_value("offer"), self.Gst.Promise.new())

    def _gathered(self) -> None:
        if self.offered and self.bin.get_property("ice-gathering-state").value_nick == "complete" and not self.session:
            self.session = "asked"
            self.GLib.idle_add(self._exchange)

    def _exchange(self) -> None:
        offer = self.bin.get_property("local-description").sdp.as_text()
        say(offer=offer)
        status, answer, location = self._http("POST", self.url, offer)
        say(status=status, answer=answer)
        self.session = urljoin(self.url, location) if location else ""
        if status != 201:
            return
        _, description = self.GstSdp.SDPMessage.new_from_text(answer)
        reply = self.GstWebRTC.WebRTCSessionDescription.new(self.GstWebRTC.WebRTCSDPType.ANSWER, description)
        self.bin.emit("set-remote-description", reply, self.Gst.Promise.new())

    def _http(self, method: str, url: str, body: str = "") -> tuple[int, str, str]:
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Content-Type": "application/sdp"} if body else {})
        request = urllib.request.Request(url, body.encode() if body else None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, reply.read().decode(), reply.headers.get("Location", "")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), ""

    # -- media

    def _count(self, _pad: Any, info: Any, kind: str) -> Any:
        self.counts[kind] += 1
        return self.Gst.PadProbeReturn.OK

    def _pad(self, _bin: Any, pad: Any) -> None:
        if pad.get_direction() != self.Gst.PadDirection.SRC:
            return
        decode = self.Gst.ElementFactory.make("decodebin")
        decode.connect("pad-added", self._decoded)
        self.pipeline.add(decode)
        decode.sync_state_with_parent()
        pad.link(decode.get_static_pad("sink"))

    def _decoded(self, _decode: Any, pad: Any) -> None:
        kind = "video" if pad.get_current_caps().to_string().startswith("video/") else "audio"
        sink = self.Gst.ElementFactory.make("fakesink")
        sink.set_property("sync", False)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))
        pad.add_probe(self.Gst.PadProbeType.BUFFER, self._count, kind)


if __name__ == "__main__":
    Program(*sys.argv[1:5]).run()
