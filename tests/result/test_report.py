import itertools

import pytest

import orderof
from orderof.doc import (
    AtLeast,
    Doc,
    Facts,
    FormulaLine,
    Next,
    Note,
    Section,
    Share,
    Table,
)
from orderof.ir.graph import Phase
from orderof.result.report import Ask, report
from orderof.sym import parse


def blocks(doc: Doc, kind: type, inside: str | None = None) -> list:
    """All blocks of a kind, also those in sections; `inside` is part of a section's title."""
    found = []
    for block in doc.blocks:
        inner = block.blocks if isinstance(block, Section) else (block,)
        if inside is None or (isinstance(block, Section) and inside in block.title):
            found += [b for b in inner if isinstance(b, kind)]
    return found


def column(table: Table, name: str) -> list:
    i = [c.name for c in table.columns].index(name)
    return [row.cells[i] for row in table.rows]


@pytest.fixture(scope="module")
def trained() -> Doc:
    return report(orderof.analyze("zoo:gpt2", train="adamw"), Ask("zoo:gpt2", "--train adamw"))


def test_first_table_has_the_phases_of_a_step(trained):
    phases = blocks(trained, Table)[0]
    names = ["forward", "backward", "optimizer (adamw)", "step"]
    assert column(phases, "phase") == names
    forward, backward, optimizer, step = column(phases, "FLOP (contractions)")
    assert optimizer is None
    assert backward == 2 * forward
    assert step == forward + backward
    assert column(phases, "operations")[3] == sum(column(phases, "operations")[:3])
    formula = "24*B*L*S*d**2 + 4*B*L*S**2*d + 2*B*S*V*d"
    assert column(phases, "FLOP in letters")[0] == parse(formula)


def test_tree_adds_up_level_by_level(trained):
    table = blocks(trained, Table, "by module")[0]
    steps = column(table, "step")
    assert steps[0] == sum(n or 0 for n, r in zip(steps, table.rows, strict=True) if r.depth == 1)
    for forward, backward, step in zip(
        column(table, "forward"), column(table, "backward"), steps, strict=True
    ):
        assert (forward or 0) + (backward or 0) == (step or 0)


def test_kinds_add_up(trained):
    table = blocks(trained, Table, "by kind")[0]
    assert sum(column(table, "step")) == column(blocks(trained, Table)[0], "operations")[3]


def test_summary_says_what_a_mac_is(trained):
    assert "1 MAC = 2 FLOP" in [part for fact in trained.summary.items for part in fact.parts]


def test_next_commands_repeat_the_question(trained):
    (commands,) = (b.commands for b in trained.blocks if isinstance(b, Next))
    assert commands == (
        "orderof explain zoo:gpt2 lm_head --train adamw",
        "orderof zoo:gpt2 --train adamw --json",
    )


def test_without_a_spelling_there_is_no_next_command():
    assert not blocks(report(orderof.analyze("zoo:mlp")), Next)


def test_depth_limits_the_tree_and_says_so():
    doc = report(orderof.analyze("zoo:gpt2"), Ask(depth=1))
    table = blocks(doc, Table, "by module")[0]
    assert {row.depth for row in table.rows} == {0, 1}
    assert any("more rows with --depth 3" in note.text for note in blocks(doc, Note))


def test_by_default_the_tree_has_no_more_than_40_rows():
    doc = report(orderof.analyze("zoo:resnet50"))
    assert len(blocks(doc, Table, "by module")[0].rows) <= 40


def test_modules_without_operations_are_named_and_have_no_row():
    doc = report(orderof.analyze("zoo:gpt2"))
    assert not any("wte" in str(name) for name in column(blocks(doc, Table, "by mod")[0], "module"))
    assert any(note.text.startswith("without operations: wte, wpe") for note in blocks(doc, Note))


def test_top_lists_the_dearest_first():
    doc = report(orderof.analyze("zoo:gpt2"), Ask(top=3))
    (table,) = blocks(doc, Table, "dearest")
    assert column(table, "module, without its children") == [
        "lm_head",
        "h.*.mlp.c_fc",
        "h.*.mlp.c_proj",
    ]
    assert all(a >= b for a, b in itertools.pairwise(column(table, "FLOP")))
    assert not blocks(doc, Table, "by module")


def test_another_convention_names_its_column():
    doc = report(orderof.analyze("zoo:gpt2", as_="macs"))
    flops = orderof.analyze("zoo:gpt2").forward.flops()
    assert column(blocks(doc, Table)[0], "MAC (contractions)") == [flops // 2]


def test_counting_everything_has_one_column():
    table = blocks(report(orderof.analyze("zoo:mlp", as_="orderof")), Table)[0]
    assert [c.name for c in table.columns] == ["phase", "operations", "in letters"]


def test_recorded_sizes_have_no_column_for_formulas(make):
    doc = report(make([("a", 7, 3)], [("a", "Linear", 1)]))
    table = blocks(doc, Table)[0]
    assert [c.name for c in table.columns] == ["phase", "FLOP (contractions)", "operations"]
    assert not blocks(doc, FormulaLine)


def test_a_model_without_contractions_shows_operations_only(make):
    doc = report(make([("a", 7)], [("a", "ReLU", 1)]))
    assert [c.name for c in blocks(doc, Table)[0].columns] == ["phase", "operations"]
    assert column(blocks(doc, Table, "by module")[0], "share") == [Share(7, 7), Share(7, 7)]


def test_masks_stand_apart_from_the_step(make):
    rows = [("a", 7, 3), ("a", 70, 0, Phase.BACKWARD), ("a", 500, 0, Phase.MASK)]
    table = blocks(report(make(rows, train="sgd", mode="train")), Table)[0]
    cost = dict(zip(column(table, "phase"), column(table, "operations"), strict=True))
    assert (cost["step"], cost["masks, apart"]) == (77, 500)


def test_unknown_operators_make_every_total_a_lower_bound(make):
    unknown = [("my.scan", "a.ssm", "net.py:7", parse("4")), ("my.scan", "a.ssm", "net.py:7", 2)]
    unknown[1] = (*unknown[1][:3], parse("2"))
    doc = report(make([("a", 7, 3), ("b", 1, 1)], unknown=unknown))
    assert column(blocks(doc, Table)[0], "operations") == [AtLeast(8)]
    assert column(blocks(doc, Table)[0], "FLOP (contractions)") == [AtLeast(8)]
    (listed,) = blocks(doc, Table, "without a rule")
    assert [row.cells for row in listed.rows] == [("my.scan", 6, "a.ssm", "net.py:7")]
    tree = blocks(doc, Table, "by module")[0]
    figures = dict(zip(column(tree, "module"), column(tree, "operations"), strict=True))
    assert figures["a"] == AtLeast(7)
    assert figures["b"] == 1
    (formula,) = blocks(doc, FormulaLine)
    assert formula.formula == parse("6*my_scan + 8")


def test_coverage_is_a_share_of_all_operators(make):
    doc = report(make([("a", 1), ("b", 1), ("c", 1)], unknown=[("x", "", None, parse("1"))]))
    (facts,) = (b for b in doc.blocks if isinstance(b, Facts))
    parts = facts.items[-1].parts
    assert parts == (Share(3, 4), "of", 4, "ops counted,", 0, "free,", 1, "unknown")


def test_a_long_formula_is_shortened_and_says_by_how_much(make):
    terms = " + ".join(f"B**{n}" for n in range(1, 31))
    (line,) = blocks(report(make([("a", terms)], dims={"B": 2})), FormulaLine)
    assert line.more == 22
    assert line.formula == parse(" + ".join(f"B**{n}" for n in range(23, 31)))


def test_fewer_operations_than_flops_are_explained(make):
    assert any("fewer" in n.text for n in blocks(report(make([("a", 5, 3)])), Note))
    assert not any("fewer" in n.text for n in blocks(report(make([("a", 6, 3)])), Note))
