"""How the cost of a network follows from its equations, step by step."""
