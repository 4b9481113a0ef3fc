"""Seeds: each suggestion has one of its own, so that it does not matter what was asked before."""

from __future__ import annotations

import hashlib


def seed_for(seed: int, number: int, purpose: str) -> int:
    """A 32-bit seed made of the seed of the search, how many trials came before, and what it is for."""
    digest = hashlib.sha256(f"{seed}/{number}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
