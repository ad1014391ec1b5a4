"""The steps of a training, and what it prints of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

_EVERY = 100  # steps


def repeat(name: str, steps: int, once: Callable[[int], float]) -> None:
    """Call `once` with 1 to `steps`, and print its loss, smoothed, and the seconds left now and then."""
    begin, loss = time.monotonic(), math.nan
    for step in range(1, steps + 1):
        now = once(step)
        loss = now if math.isnan(loss) else 0.98 * loss + 0.02 * now
        if step % _EVERY == 0:
            left = (time.monotonic() - begin) / step * (steps - step)
            print(f"{name} {step} of {steps}, loss {loss:.4f}, {left:.0f} s left", flush=True)
