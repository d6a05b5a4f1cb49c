import re

import pytest

from orderof.doc import (
    Amount,
    AtLeast,
    Column,
    Doc,
    Fact,
    Facts,
    FormulaLine,
    Kind,
    Level,
    Next,
    Note,
    Row,
    Section,
    Share,
    Sizes,
    Table,
)
from orderof.sym import parse
from orderof.views.text import render

E = parse("2*B*S*d + 2*B*d")


def table(*columns: tuple[str, Kind], rows: list, depths: list | None = None) -> Doc:
    depths = depths or [0] * len(rows)
    lines = tuple(Row(tuple(r), d) for r, d in zip(rows, depths, strict=True))
    return Doc("T", (Table(tuple(Column(*c) for c in columns), lines),))


def body(doc: Doc, **how) -> list[str]:
    return render(doc, **how).splitlines()[2:]


def test_a_tree_is_drawn_by_depth():
    rows = [[n] for n in ("root", "a", "b", "c", "d", "e")]
    doc = table(("m", Kind.TREE), rows=rows, depths=[0, 1, 2, 2, 1, 2])
    assert body(doc)[1:] == [
        "  root",
        "  ├─ a",
        "  │  ├─ b",
        "  │  └─ c",
        "  └─ d",
        "     └─ e",
    ]
    assert body(doc, ascii=True)[1:] == [
        "  root",
        "  |- a",
        "  |  |- b",
        "  |  `- c",
        "  `- d",
        "     `- e",
    ]


def test_amounts_share_a_unit_and_stand_with_their_points_in_line():
    columns = ("a", Kind.AMOUNT), ("b", Kind.AMOUNT), ("x", Kind.TEXT)
    doc = table(
        *columns,
        rows=[[123_456_789, 5, "."], [1_234_567, None, "."], [AtLeast(99_000_000), 0, "."]],
    )
    assert body(doc)[1:] == [
        "   123.5 M     < 0.0001 M   .",
        "     1.235 M                .",
        "  ≥ 99.00 M      0          .",
    ]


def test_blank_is_not_zero():
    doc = table(("a", Kind.AMOUNT), ("b", Kind.TEXT), rows=[[None, "none"], [0, "zero"]])
    assert body(doc)[1:] == ["      none", "  0   zero"]


def test_one_copy_is_blank():
    doc = table(("n", Kind.TIMES), ("b", Kind.TEXT), rows=[[1, "."], [12, "."]])
    assert body(doc)[1:] == ["        .", "  ×12   ."]
    assert body(doc, ascii=True)[2] == "  x12   ."


def test_without_a_width_nothing_is_broken_or_cut():
    name = "n" * 500
    doc = table(("m", Kind.TREE), ("f", Kind.FORMULA), rows=[[name, E]])
    assert len(body(doc)) == 2
    assert name in body(doc)[1]


def test_formulas_are_broken_before_a_sign_and_can_be_put_together_again():
    e = parse(" + ".join(f"{n}*B**{n}" for n in range(1, 40)))
    doc = Doc("T", (FormulaLine("label", e),))
    (whole,) = body(doc)
    lines = body(doc, width=60)
    assert all(len(line) <= 60 for line in lines)
    assert all(line.lstrip().startswith("+ ") for line in lines[1:])
    assert " ".join(line.strip() for line in lines) == whole.strip()
    assert parse(whole.split("label")[1].strip()) == e


def test_left_out_terms_are_counted():
    assert body(Doc("T", (FormulaLine("x", E, 7),))) == ["  x   2*B*d*(S + 1) + 7 more terms"]


def test_title_and_summary_share_a_line_where_it_is_wide_enough():
    facts = Facts((
        Fact("", (Amount(124_439_808), "parameters")),
        Fact("", (Sizes((("B", 1), ("S", 8))),)),
    ))  # fmt: skip
    doc = Doc("net", (), facts)
    assert render(doc) == "net · 124.4 M parameters · B=1 S=8\n"
    assert render(doc, width=30) == "net · 124.4 M parameters\n  B=1 S=8\n"
    assert render(doc, ascii=True) == "net - 124.4 M parameters - B=1 S=8\n"


def test_facts_are_read_part_by_part():
    parts = (Share(5, 5), "of", 12_345, "ops, at least", AtLeast(3), E)
    doc = Doc("T", (Facts((Fact("coverage", parts), Fact("x", ("y",)))),))
    assert body(doc) == [
        "  coverage   100 % of 12,345 ops, at least ≥ 3 2*B*d*(S + 1)",
        "  x          y",
    ]


def test_sections_notes_and_commands():
    section = Section("Title", (Note("one"), Note("two", Level.WARNING)))
    doc = Doc("T", (section, Next(("a b", "c d"))))
    assert body(doc) == ["  Title", "  one", "  two", "", "  Next: a b  ·  c d"]
    assert body(doc, width=15) == ["  Title", "  one", "  two", "", "  Next: a b", "        c d"]


def test_ascii_leaves_nothing_else():
    section = Section("×·…≥²", (Note("× · … ≥"),))
    doc = Doc("a … b", (section, Next(("x", "y"))), Facts((Fact("", ("×",)),)))
    assert render(doc, ascii=True).isascii()


def test_no_line_ends_in_a_space():
    doc = table(("a", Kind.AMOUNT), ("b", Kind.TEXT), rows=[[12_345, ""], [None, None]])
    assert not re.search(r" $", render(doc), re.MULTILINE)


@pytest.mark.parametrize("kind", list(Kind))
def test_an_empty_table_is_its_header(kind):
    assert body(table(("name", kind), rows=[])) == ["  name"]
