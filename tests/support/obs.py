"""A WHIP publisher as OBS is one, made of the same library (libdatachannel): `python3 -m tests.support.obs URL TOKEN`.

It runs under any Python that has `libdatachannel-py` and uses nothing else of ours.  What it asks over HTTP, in which order and
with which headers, is what OBS 30 asks (plugins/obs-webrtc): the offer goes out before any candidate is known, `Location` is
followed for the DELETE, nothing is patched, no CORS, and nobody listens to requests for a key frame.  Pictures and sounds come
on its standard input, as long as it is open: one letter (v or a), the milliseconds since the one before of that kind, the
length (4 octets each, big-endian), the data.  It says JSON lines.  Called by tests/journeys/test_obs.py.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, BinaryIO

AGENT = "Mozilla/5.0 (OBS-Studio/30.2.3; Linux x86_64; vi-VN)"
STREAM, CNAME, SSRC = "lqcWNyHZpKIKsVMn", "tKXqvQbSnCMyBaDE", 2901876
FRAGMENT = 1200  # octets of a picture's packet


def say(**what: Any) -> None:
    """One line at once: the library calls from threads of its own."""
    os.write(sys.stdout.fileno(), json.dumps(what).encode() + b"\n")


class Publisher:
    """One session, from its offer to its DELETE."""

    def __init__(self, url: str, token: str) -> None:
        import libdatachannel as rtc

        self.rtc, self.url, self.token = rtc, url, token
        self.connection = rtc.PeerConnection()
        self.connection.on_state_change(lambda state: say(state=state.name))
        sound = rtc.Description.Audio("0", rtc.Description.Direction.SendOnly)
        sound.add_opus_codec(111)
        picture = rtc.Description.Video("1", rtc.Description.Direction.SendOnly)
        picture.add_h264_codec(96)
        self.tracks = {
            b"a": self._track(sound, SSRC, 111, 48_000, "audio", rtc.OpusRtpPacketizer),
            b"v": self._track(picture, SSRC + 1, 96, 90_000, "video", lambda config: rtc.H264RtpPacketizer(
                rtc.NalUnit.Separator.StartSequence, config, FRAGMENT)),
        }
        self.connection.set_local_description()

    def _track(self, section: Any, ssrc: int, number: int, clock: int, kind: str, packetizer: Any) -> tuple[Any, Any, Any]:
        section.add_ssrc(ssrc, CNAME, STREAM, f"{STREAM}-{kind}")
        config = self.rtc.RtpPacketizationConfig(ssrc, CNAME, number, clock)
        first, reporter = packetizer(config), self.rtc.RtcpSrReporter(config)
        first.add_to_chain(reporter)
        first.add_to_chain(self.rtc.RtcpNackResponder())
        track = self.connection.add_track(section)
        track.set_media_handler(first)
        return track, config, reporter

    def open(self) -> str:
        """The exchange; the session's address."""
        offer = str(self.connection.local_description())
        say(offer=offer)
        request = urllib.request.Request(self.url, offer.encode(), {
            "Content-Type": "application/sdp", "Authorization": f"Bearer {self.token}", "User-Agent": AGENT, "Accept": "*/*",
        }, method="POST")
        with urllib.request.urlopen(request, timeout=8) as reply:
            status, answer, location = reply.status, reply.read().decode(), reply.headers.get("Location", "")
        say(status=status, answer=answer)
        assert status == 201 and answer and location
        self.connection.set_remote_description(self.rtc.Description(answer[answer.index("v=0"):], "answer"))
        return urllib.parse.urljoin(self.url, location)

    def send(self, kind: bytes, milliseconds: int, data: bytes) -> None:
        """One picture or sound, so long after the one before."""
        track, config, reporter = self.tracks[kind]
        if not track.is_open():
            return
        config.timestamp = (config.timestamp + config.seconds_to_timestamp(milliseconds / 1000)) & 0xFFFFFFFF
        track.send(data)

    def close(self, session: str) -> None:
        self.connection.close()
        request = urllib.request.Request(session, headers={"Authorization": f"Bearer {self.token}", "User-Agent": AGENT},
                                         method="DELETE")
        try:
            with urllib.request.urlopen(request, timeout=8) as reply:
                say(ended=reply.status)
        except urllib.error.HTTPError as error:
            say(ended=error.code)


def main(url: str, token: str, given: BinaryIO) -> None:
    publisher = Publisher(url, token)
    session = publisher.open()
    while len(head := given.read(9)) == 9:
        length = int.from_bytes(head[5:], "big")
        publisher.send(head[:1], int.from_bytes(head[1:5], "big"), given.read(length))
    publisher.close(session)
    os._exit(0)  # threads of the library would be waited for


if __name__ == "__main__":
    main(*sys.argv[1:3], sys.stdin.buffer)
