"""The ground that everything stands on: units, camera, skeleton, maps and how they are resized and integrated."""
