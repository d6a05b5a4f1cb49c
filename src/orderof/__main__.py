"""`python -m orderof` is `orderof`."""

from orderof.cli import command

if __name__ == "__main__":
    command()
