"""Quantities as people say them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Seconds, minutes, or hours and minutes."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def storage(num_bytes: float) -> str:
    """Megabytes or gigabytes."""
    return f"{num_bytes / 1e6:.0f} MB" if num_bytes < 1e9 else f"{num_bytes / 1e9:.1f} GB"
