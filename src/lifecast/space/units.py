"""Units: what a view unit is of a person, and how large a person stands in a picture.

In training data a person of 180 cm spans 180/256 of the picture's height, and the picture spans [-1, 1] (section 4 of
the paper counts its standard deviations, 5 cm and 3 cm, in these centimetres).
"""

from __future__ import annotations

STANDING_CM = 180.0
"""Height of a person as training data scales everybody, in centimetres."""
CM_PER_UNIT = 128.0
"""Centimetres of such a person in one view unit."""
PERSON_SPAN = 180 / 256
"""Share of the picture's side that the longer side of a person's box takes."""
BLANK_GREY = 127
"""Grey level of the blank background, in training and where a photograph's is cleaned away."""
