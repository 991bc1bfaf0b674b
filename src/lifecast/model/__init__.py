"""What has weights: encoders, map heads, occupancy nets, the model that joins them, and its files."""
