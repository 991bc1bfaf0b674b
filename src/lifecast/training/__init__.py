"""Training: what is minimised (`losses`, `perceptual`), what a stage trains (`stage`), how a run goes on
(`loop`, `schedule`, `run_folder`) and by which figures (`recipe`, `recipes/*.toml`)."""
