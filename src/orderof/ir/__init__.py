"""The intermediate form: values, nodes, graphs, and the forms of an operator."""
