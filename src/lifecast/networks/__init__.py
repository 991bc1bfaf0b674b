"""The networks: normal maps, image encoders, pixel-aligned MLPs, the coarse and the fine level, and their files."""
