"""The PyTorch front end: a module is built without weights, recorded as it runs, and lowered."""
