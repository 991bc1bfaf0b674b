"""Motion: clips that animate the body's joints, made by code or read from files."""
