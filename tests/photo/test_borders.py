"""What is said of people whom the photograph's borders cut off."""

from __future__ import annotations

from lifecast.photo.borders import missing_notes


def test_it_is_said_what_was_made_beyond_a_border() -> None:
    box = (100.0, 100.0, 300.0, 700.0)
    assert missing_notes((), box, (100, 100, 300, 700), (400, 500)) == ()
    assert missing_notes(("lower",), box, (100, 100, 300, 503), (400, 500)) == ("the model ends at the lower border",)
    assert missing_notes(("lower",), box, (100, 100, 300, 690), (400, 500)) == (
        "what lies beyond the lower border is guessed",
    )
    assert missing_notes(("upper", "lower"), box, (100, -60, 300, 500), (400, 500)) == (
        "what lies beyond the upper border is guessed",
        "the model ends at the lower border",
    )
