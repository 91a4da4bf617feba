"""The words of a recording's manifest: its states, why it ended, why something is missing (docs/protocol.md).

Never holds behaviour.  Used by ``media/record_*.py``, ``media/recorder.py`` and ``media/compose.py``.
"""

from __future__ import annotations

from typing import Final

SCHEMA: Final = 1

# States
RECORDING: Final = "recording"
ENDED: Final = "ended"

# Why it ended ...
STOPPED: Final = "stopped"
TIME: Final = "time"
CLOSED: Final = "room_closed"

# ... or why it ended, or has a gap of the whole ...
NO_RELAY: Final = "relay_gone"
DISK_FULL: Final = "disk_full"    # of a track too
DISK_ERROR: Final = "disk_error"  # of a track too
KILLED: Final = "killed"
PAUSED: Final = "paused"          # a gap only: the meeting had a pause
RESTART: Final = "restart"        # a gap only: the server was away
TOO_MANY: Final = "too_many_tracks"  # a gap only: there may be no more files

# ... and why a track has one.
LOST: Final = "lost"
MALFORMED: Final = "malformed"
SLOW_DISK: Final = "slow_disk"
NO_KEY_FRAME: Final = "no_key_frame"
