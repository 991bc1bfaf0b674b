"""Training without a dataset: people are made by seed while the networks train (`lifecast train STAGE --stream`).

`maker` is what the rest knows of how people are made; `makers` are the processes that make them; `pool` is the bounded
folder that they go into; `supply` keeps it filled; `draws` and `batches` are how training takes views from it, each a
stated number of times; `source` puts all of it behind the interface that the training loop knows.
"""
