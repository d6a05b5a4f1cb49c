"""How far a figure is off, and which rows of the reference are of a table."""

import csv
from fractions import Fraction


def off(found, printed):
    """Give by what part a figure is off."""
    return abs(Fraction(found) / Fraction(printed) - 1)


def rows_of(reference, source, table):
    with (reference / "published_tables.csv").open() as file:
        rows = csv.DictReader(file)
        return [r for r in rows if r["source"].startswith(source) and r["table"] == table]
