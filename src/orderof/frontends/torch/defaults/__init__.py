"""What models of the libraries are called with, where nobody says it."""
