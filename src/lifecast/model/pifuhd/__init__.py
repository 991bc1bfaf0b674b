"""The PIFuHD authors' released network: its names, and a reader of its file that executes nothing."""
