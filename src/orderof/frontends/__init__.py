"""The doors: a model becomes a Graph."""
