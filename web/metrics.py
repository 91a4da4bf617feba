"""What machines are told of this installation, in the text format of Prometheus (version 0.0.4, also read as OpenMetrics).

Pure: numbers in, text out.  It needs no client library: nearly all counters live in other processes and come as numbers,
so a library's registry would only be filled to be read at once.  Labels are worker numbers, actions and fates, never
names, addresses or tickets.  Called by `routes/metrics.py`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FATES = (
    "accepted", "empty", "misshaped", "unchecked_source", "bad_stun", "bad_dtls", "bad_srtp", "replay", "bad_rtp", "bad_rtcp",
    "ssrc_cap", "address_cap", "flood", "faults",
)
"""Counters of the relay that tell what became of a datagram."""

Labels = tuple[tuple[str, str], ...]


class Counts:
    """What the web itself counts, from any thread: `add("access", "allow", "meeting.read")`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, ...]] = Counter()

    def add(self, *key: str) -> None:
        with self._lock:
            self._counts[key] += 1

    def of(self, kind: str) -> dict[tuple[str, ...], int]:
        """Counts by the rest of their key."""
        with self._lock:
            return {key[1:]: count for key, count in sorted(self._counts.items()) if key[0] == kind}


@dataclass(slots=True)
class Family:
    """One metric with its samples."""

    name: str
    kind: Literal["counter", "gauge"]
    text: str
    samples: list[tuple[Labels, float]] = field(default_factory=list)

    def add(self, value: float, **labels: str) -> None:
        self.samples.append((tuple(sorted(labels.items())), value))


def render(families: Iterable[Family]) -> str:
    """The page.  Families without samples are left out."""
    lines = []
    for family in families:
        if not family.samples:
            continue
        lines += [f"# HELP {family.name} {family.text}", f"# TYPE {family.name} {family.kind}"]
        for labels, value in family.samples:
            said = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
            lines.append(f"{family.name}{'{' + said + '}' if said else ''} {_number(value)}")
    return "\n".join([*lines, ""])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def of_relay(stats: Mapping[str, Any]) -> list[Family]:
    """Of `Crew.stats()`: one sample for each worker."""
    datagrams = Family("diemcau_media_datagrams_total", "counter", "Datagrams that came in, by what became of them.")
    packets = Family("diemcau_media_packets_total", "counter", "RTP packets in from publishers, out to receivers.")
    events = Family("diemcau_media_relay_total", "counter", "What the relay did: repairs, key frame requests, drops, TCP.")
    restarts = Family("diemcau_media_generation", "gauge", "How often this worker has been replaced since the pages started.")
    peers = Family("diemcau_media_peers", "gauge", "Media sessions.")
    rooms = Family("diemcau_media_rooms", "gauge", "Rooms with somebody in them.")
    lag = Family("diemcau_media_loop_lag_seconds", "gauge", "How late the worker's loop is.")
    cpu = Family("diemcau_media_cpu_seconds_total", "counter", "Processor time of the worker.")
    memory = Family("diemcau_media_resident_bytes", "gauge", "Memory of the worker.")
    rate = Family("diemcau_media_load_packets_per_second", "gauge", "Packets a second sent during the last two seconds.")
    recorder = Family("diemcau_media_recorder", "gauge", "What recorders of this worker report: bytes, fsync_ms, gaps.")
    for one in stats.get("workers", ()):
        worker, counters = str(one["worker"]), one["counters"]
        for name, count in counters.items():
            if name in FATES:
                datagrams.add(count, worker=worker, fate=name)
            elif name in ("packets_in", "packets_out"):
                packets.add(count, worker=worker, direction=name.removeprefix("packets_"))
            else:
                events.add(count, worker=worker, what=name)
        restarts.add(one["restarts"], worker=worker)
        peers.add(one["peers"], worker=worker)
        rooms.add(one["room_count"], worker=worker)
        for share, quantile in (("p50", "0.5"), ("p99", "0.99")):
            lag.add(one["loop_lag_ms"][share] / 1000, worker=worker, quantile=quantile)
        cpu.add(one["cpu_s"], worker=worker)
        memory.add(one["rss_bytes"], worker=worker)
        rate.add((one.get("load") or {}).get("packets_per_s", 0.0), worker=worker)
        for what, value in (one.get("recorder") or {}).items():
            recorder.add(value, worker=worker, what=what)
    return [datagrams, packets, events, restarts, peers, rooms, lag, cpu, memory, rate, recorder]


def of_web(counts: Counts, *, refused: Mapping[str, int], spare: bool, running: int, waiting: int) -> list[Family]:
    """What the pages' own process knows: decisions, the database's troubles, joins refused, writes that wait."""
    access = Family("diemcau_access_total", "counter", "Decisions on who may do what.")
    for (verdict, action), count in counts.of("access").items():
        access.add(count, verdict=verdict, action=action)
    database = Family("diemcau_database_total", "counter", "Requests that met a conflict, or a database that was away.")
    for (what,), count in counts.of("database").items():
        database.add(count, what=what)
    full = Family("diemcau_media_refused_total", "counter", "Joins refused because one more would degrade the others.")
    for why in ("packets", "lag", "cpu"):
        full.add(refused.get(why, 0), why=why)
    alive = Family("diemcau_media_workers", "gauge", "Workers that answer, and spares that wait.")
    alive.add(running, state="running")
    alive.add(int(spare), state="spare")
    queue = Family("diemcau_records_waiting", "gauge", "Writes of presence that wait for the database.")
    queue.add(waiting)
    return [access, database, full, alive, queue]
