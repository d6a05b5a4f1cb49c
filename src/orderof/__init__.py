"""What a neural network costs, and how that cost grows."""
