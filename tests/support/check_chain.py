"""Another program that checks the downloaded events of a meeting, by the standard library alone: `python check_chain.py FILE`.

It knows docs/protocol.md and nothing of ours.  Prints the seq of the first event that does not hold and ends with 1, or ends with 0.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path


def first_broken(document: dict) -> int | None:
    before = "0" * 64
    for seq, event in enumerate(document["events"], start=1):
        fields = {name: value for name, value in event.items() if name != "hash"}
        text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        told = "withheld" not in event
        if event["seq"] != seq or event["prev_hash"] != before or (told and hashlib.sha256(text.encode()).hexdigest() != event["hash"]):
            return seq
        before = event["hash"]
    return None if (document["count"], document["head"]) == (len(document["events"]), before) else len(document["events"]) + 1


if __name__ == "__main__":
    broken = first_broken(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    print("" if broken is None else broken)
    raise SystemExit(broken is not None)
