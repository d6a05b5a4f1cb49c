"""Graph to Graph: reverse mode, losses, optimizers."""
