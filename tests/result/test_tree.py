from orderof.ir.graph import Phase
from orderof.result.tree import Branch, Spent, tree


def names(branch: Branch) -> dict[str, object]:
    return {f"{c.label} x{c.count}": names(c) for c in branch.children}


def blocks(n: int, prefix: str = "h") -> tuple[list, list]:
    rows = [(f"{prefix}.{i}.fc", 10, 5) for i in range(n)]
    modules = [(prefix, "ModuleList", 1)]
    for i in range(n):
        modules += [(f"{prefix}.{i}", "Block", 1), (f"{prefix}.{i}.fc", "Linear", 1)]
    return rows, modules


def test_equal_neighbours_become_one_branch_with_the_sum_of_their_costs(make):
    root = tree(make(*blocks(12)))
    assert names(root) == {"h.0 … h.11 x12": {"fc x12": {}}}
    (block,) = root.children
    assert block.total(Phase.FORWARD) == Spent(12 * 2 * 5, 12 * 10)  # 2 FLOP for each MAC
    assert block.path == ("h", "*")
    assert block.first == "h.0"
    assert block.children[0].path == ("h", "*", "fc")


def test_a_different_count_ends_the_fold(make):
    rows, modules = blocks(5)
    rows[2] = ("h.2.fc", 11, 5)
    assert list(names(tree(make(rows, modules)))) == ["h x1"]
    assert names(tree(make(rows, modules)))["h x1"] == {
        "0 … 1 x2": {"fc x2": {}},
        "2 x1": {"fc x1": {}},
        "3 … 4 x2": {"fc x2": {}},
    }


def test_a_different_class_phase_or_operator_ends_the_fold(make):
    rows, modules = blocks(2)
    other = [m if m[0] != "h.1" else ("h.1", "Other", 1) for m in modules]
    assert names(tree(make(rows, other)))["h x1"].keys() == {"0 x1", "1 x1"}
    phase = [rows[0], ("h.1.fc", 10, 5, Phase.BACKWARD)]
    assert names(tree(make(phase, modules)))["h x1"].keys() == {"0 x1", "1 x1"}
    op = [rows[0], ("h.1.fc", 10, 5, Phase.FORWARD, "project")]
    assert names(tree(make(op, modules)))["h x1"].keys() == {"0 x1", "1 x1"}


def test_only_numbers_that_follow_each_other_are_folded(make):
    rows = [("q", 1), ("k", 1), ("0", 1), ("2", 1)]
    modules = [(path, "Linear", 1) for path, _ in rows]
    assert names(tree(make(rows, modules))).keys() == {"q x1", "k x1", "0 x1", "2 x1"}


def test_lists_of_lists_fold_too(make):
    rows = [(f"a.{i}.{j}", 3) for i in range(2) for j in range(3)]
    modules = [(path, "Linear", 1) for path, _ in rows]
    assert names(tree(make(rows, modules))) == {"a.0.0 … a.1.2 x6": {}}


def test_a_folded_path_of_the_zoo_keeps_its_letter(make):
    root = tree(make([("h.*.fc", "10*L")], [("h.*", "Block", "L")], dims={"L": 4}))
    assert names(root) == {"h.* x4": {"fc x1": {}}}
    assert root.total(Phase.FORWARD).ops == 40


def test_folding_keeps_the_total(make):
    rows, modules = blocks(7)
    result = make([*rows, ("", 3), ("head", 4, 2)], [*modules, ("head", "Linear", 1)])
    assert tree(result).total(Phase.FORWARD) == Spent(result.forward.flops(), result.forward.ops())


def test_what_holds_an_unknown_operator_is_partial(make):
    from orderof.sym import ONE

    root = tree(make([("a.b", 1), ("c", 1)], unknown=[("scan", "a.b", None, ONE)]))
    assert {c.label: c.partial for c in root.children} == {"a.b": True, "c": False}
    assert root.partial
