"""Graph to report."""
