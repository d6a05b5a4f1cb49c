"""The intermediate form: values, nodes, graphs, and the six forms of an operator."""
