"""The level of an occupancy field as a closed triangle mesh."""
