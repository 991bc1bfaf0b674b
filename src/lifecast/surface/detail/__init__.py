"""What the field lacks: the relief of the normal maps, and limbs that the picture hides."""
