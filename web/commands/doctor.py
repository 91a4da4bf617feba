"""`python3 -m web doctor`: looks at this machine and says, line by line, what is well and what to do where it is not.

Changes nothing and sends nothing to other machines.  Exit status 0 when nothing stands in the way, 1 otherwise.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from web.bootstrap import ROOT

OLDEST_YEAR = 2026  # a clock before the release of this program is certainly wrong
LEAST_FREE = 5 * 1024**3
LEAST_RECEIVE_BUFFER = 4 * 1024**2


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: `state` is well, care or bad; `advice` says what to do and is empty when all is well."""

    state: str
    subject: str
    text: str
    advice: str = ""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8000, help="port of the pages (default 8000)")
    parser.add_argument("--media-port", type=int, default=3480, help="UDP port of the relay (default 3480)")
    parser.add_argument("--data", type=Path, default=ROOT / "var", help="folder of the data (default var/)")
    parser.add_argument("--advertise", default="", help="address that points reach this machine by")


def run(arguments: argparse.Namespace) -> int:
    signs = {"well": "✓", "care": "△", "bad": "✕"}
    findings = list(examine(arguments))
    for finding in findings:
        print(f"{signs[finding.state]} {finding.subject}: {finding.text}")
        if finding.advice:
            print(f"    → {finding.advice}")
    bad = sum(finding.state == "bad" for finding in findings)
    print("\nNothing stands in the way." if not bad else f"\n{bad} to mend before the first meeting.")
    return 1 if bad else 0


def examine(arguments: argparse.Namespace) -> Iterator[Finding]:
    """Every check in the order of the report; a check that itself breaks is reported, not raised."""
    checks: list[Callable[[], Finding]] = [
        _python,
        lambda: _tcp_port(arguments.port),
        lambda: _udp_port(arguments.media_port),
        _receive_buffer,
        lambda: _advertised(arguments.advertise),
        _clock,
        lambda: _disk(arguments.data),
        _fonts,
        _browser,
        _cores,
    ]
    for check in checks:
        try:
            yield check()
        except OSError as error:
            yield Finding("bad", check.__name__.strip("_"), str(error), "Mend the cause and run this again.")


def _python() -> Finding:
    return Finding("well", "Python", sys.version.split()[0])


def _tcp_port(port: int) -> Finding:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except PermissionError:
            return Finding("bad", "Pages", f"this user may not open TCP port {port}",
                           "Choose a port above 1023 (--port) and let the TLS front listen on 443.")
        except OSError:
            return Finding("care", "Pages", f"TCP port {port} is in use",
                           "If that is this product running, all is well; otherwise stop the other program or use --port.")
    return Finding("well", "Pages", f"TCP port {port} is free")


def _udp_port(port: int) -> Finding:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return Finding("care", "Relay", f"UDP port {port} is in use",
                           "If that is this product running, all is well; otherwise choose another with --media-port.")
    return Finding("well", "Relay", f"UDP port {port} is free; open it in the firewall for all points")


def _receive_buffer() -> Finding:
    limit = Path("/proc/sys/net/core/rmem_max")
    if not limit.exists():
        return Finding("care", "Receive buffer", "unknown on this system", "The relay runs best on Linux.")
    size = int(limit.read_text())
    if size < LEAST_RECEIVE_BUFFER:
        return Finding("care", "Receive buffer", f"the kernel allows {size // 1024} KiB",
                       f"For hundreds of points: sysctl -w net.core.rmem_max={LEAST_RECEIVE_BUFFER}")
    return Finding("well", "Receive buffer", f"the kernel allows {size // 1024} KiB")


def own_addresses() -> list[str]:
    """This machine's addresses, the one of the default route first, loopback left out; no packet is sent."""
    found: list[str] = []
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):  # RFC 5737, RFC 3849
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, 9))  # a datagram socket only looks up its route
                found.append(probe.getsockname()[0])
            except OSError:
                continue
    try:
        listed = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_DGRAM)
    except OSError:
        listed = []
    found += [str(entry[4][0]).split("%")[0] for entry in listed]
    usable = [a for a in found if not ipaddress.ip_address(a).is_loopback and not ipaddress.ip_address(a).is_link_local]
    return list(dict.fromkeys(usable))


def _advertised(wanted: str) -> Finding:
    own = own_addresses()
    if wanted:
        try:
            ipaddress.ip_address(wanted)
        except ValueError:
            return Finding("bad", "Address", f"{wanted} is not an IP address", "Give the address that points can reach.")
        if wanted in own:
            return Finding("well", "Address", f"points reach the relay at {wanted}")
        return Finding("care", "Address", f"{wanted} is not an address of this machine",
                       "Right behind a NAT that forwards the relay's port; wrong otherwise.")
    if not own:
        return Finding("care", "Address", "this machine has no network address but loopback",
                       "The demonstration works here; other computers need a network and --lan.")
    return Finding("well", "Address", f"other computers reach this one at {', '.join(own[:3])}")


def _clock() -> Finding:
    now = datetime.now(UTC)
    if now.year < OLDEST_YEAR:
        return Finding("bad", "Clock", f"says {now:%Y-%m-%d %H:%M} UTC", "Set the clock; signatures carry its time.")
    text = f"{now:%Y-%m-%d %H:%M} UTC, zone of this machine {time.tzname[0]}"
    if shutil.which("timedatectl"):
        shown = subprocess.run(["timedatectl", "show", "-p", "NTPSynchronized", "--value"], capture_output=True, text=True)
        if shown.stdout.strip() == "no":
            return Finding("care", "Clock", f"{text}, not synchronised", "Turn on NTP: timedatectl set-ntp true")
    return Finding("well", "Clock", text)


def _disk(data: Path) -> Finding:
    place = data
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        return Finding("bad", "Disk", f"{place} cannot be written", "Give this user the folder, or use --data.")
    free = shutil.disk_usage(place).free
    text = f"{free / 1024**3:.1f} GiB free where the data lie"
    if free < LEAST_FREE:
        return Finding("care", "Disk", text, "Documents and packets need room: keep at least 5 GiB free.")
    return Finding("well", "Disk", text)


def _fonts() -> Finding:
    wanted = ["Regular", "Bold", "Italic", "BoldItalic"]
    missing = [w for w in wanted if not (ROOT / "minutes" / "fonts" / f"LiberationSerif-{w}.ttf").exists()]
    if missing:
        return Finding("bad", "Fonts", f"Liberation Serif {', '.join(missing)} missing", "Fetch the repository whole.")
    return Finding("well", "Fonts", "the documents' fonts are all in place, none is needed from the system")


def _browser() -> Finding:
    for name in ("chromium", "google-chrome", "firefox", "firefox-esr", "microsoft-edge"):
        if shutil.which(name):
            return Finding("well", "Browser", f"{name} is on this machine; points need Chromium, Edge or Firefox "
                                              "not older than two years")
    return Finding("care", "Browser", "none found on this machine",
                   "Only needed to look from here; points need Chromium, Edge or Firefox not older than two years.")


def _cores() -> Finding:
    count = os.cpu_count() or 1
    if count < 2:
        return Finding("care", "Processor", "one core", "Two let the pages and the relay run side by side.")
    return Finding("well", "Processor", f"{count} cores")
