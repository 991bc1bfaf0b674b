"""What a finder of landmarks returns where there is nothing to return, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unseen:
    """A hand or a face whose landmarks cannot be trusted."""

    reason: str
    """A few words for the user, such as "hidden or blurred"."""
