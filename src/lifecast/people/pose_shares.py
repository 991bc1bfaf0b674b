"""How often people take which kind of pose."""

from __future__ import annotations

CLIP_SHARE = 0.14
"""How many of the people take a frame of a motion clip when --poses is given."""
OWN_POSE_SHARE = 0.06
"""How many take one of MakeHuman's own poses when the assets have them."""
USUAL_CLIP_SHARE = CLIP_SHARE + OWN_POSE_SHARE
"""Both together; where the number that draws a pose is below it, it is one of these."""
