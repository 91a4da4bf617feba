"""Listens to decoded sound for the tone of a synthetic point.  Holds no tests."""

from __future__ import annotations

import math

from media.peers_clip import SOUND_RATE


def loudness_at(samples: list[float], hertz: float) -> float:
    """How much of this frequency is in the samples (one bin of a Fourier transform)."""
    turn = 2 * math.pi * hertz / SOUND_RATE
    real = sum(sample * math.cos(turn * number) for number, sample in enumerate(samples))
    imaginary = sum(sample * math.sin(turn * number) for number, sample in enumerate(samples))
    return math.hypot(real, imaginary) * 2 / len(samples)
