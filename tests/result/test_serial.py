import json
from importlib import resources

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import orderof
from orderof import Result
from orderof.errors import BadSpelling
from orderof.ir.graph import Phase
from orderof.sym import parse

SCHEMA = json.loads(
    (resources.files("orderof.result") / "schema" / "result.schema.json").read_text("utf-8")
)
CASES = {
    "gpt2": ("zoo:gpt2", {}),
    "gpt2 trained": ("zoo:gpt2", {"train": "adamw"}),
    "gpt2 beyond 2**53": ("zoo:gpt2", {"train": "adamw", "dims": {"B": 10**6, "S": 10**6}}),
    "gpt2 with a loss": ("zoo:gpt2", {"train": "sgd", "loss": "cross_entropy"}),
    "mlp": ("mlp:30-30-30,sigmoid,bias=unit", {"train": "sgd", "as_": "orderof"}),
    "resnet50": ("zoo:resnet50", {"train": "sgd-momentum"}),
    "resnet50, exact padding": ("zoo:resnet18", {"padding": "exact"}),
    "lstm": ("zoo:lstm", {"as_": "macs"}),
    "transformer": ("zoo:transformer", {"train": "adamw"}),
}


@pytest.fixture(scope="module", params=CASES.values(), ids=CASES)
def result(request) -> Result:
    model, options = request.param
    return orderof.analyze(model, **options)


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_follows_the_schema(result):
    jsonschema.validate(json.loads(result.to_json()), SCHEMA)


def test_round_trip(result):
    assert Result.from_json(result.to_json()) == result


def test_reads_a_file(result, tmp_path):
    path = tmp_path / "r.json"
    path.write_text(result.to_json(), "utf-8")
    assert Result.from_json(path) == result


def test_formulas_parse_back_to_the_totals(result):
    data = json.loads(result.to_json())
    for phase, formulas in data["formulas"].items():
        for name, text in (formulas or {}).items():
            want = data["totals"][phase][name]
            assert (text and parse(text).at(data["dims"])) == want


def ops(row: dict, dims: dict) -> int:
    kinds = (texts for kind, texts in row["counts"].items() if kind != "mac")
    return sum(parse(text).at(dims) for texts in kinds for text in texts.values())


def test_a_module_costs_what_the_rows_at_and_below_its_path_do(result):
    data = json.loads(result.to_json())
    rows = [
        (f"{r['scope']}.", ops(r, data["dims"])) for r in data["rows"] if r["phase"] == "forward"
    ]
    for module in data["modules"]:
        below = sum(n for scope, n in rows if scope.startswith(f"{module['path']}."))
        assert module["totals"]["forward"]["ops"] == below


def test_what_was_not_asked_for_is_null_and_an_optimizer_has_no_flops():
    data = json.loads(orderof.analyze("zoo:gpt2").to_json())
    assert [k for k, v in data["totals"].items() if v is None] == [
        "loss",
        "backward",
        "recompute",
        "optimizer",
        "step",
        "mask",
    ]
    trained = json.loads(orderof.analyze("zoo:gpt2", train="adamw").to_json())
    optimizer = trained["totals"]["optimizer"]
    assert (optimizer["macs"], optimizer["flops"]) == (None, None)
    assert optimizer["ops"] == 14 * trained["params"]["trainable"]["value"]  # 14 for each weight


@given(st.integers(0, 2**80))
def test_an_integer_beyond_2_53_has_a_twin(make, n):
    result = make([("a", n, n)], [("a", "Linear", 1)], dims={"B": max(n, 1)})
    text = result.to_json()
    data = json.loads(text)
    jsonschema.validate(data, SCHEMA)
    figures = data["totals"]["forward"]
    assert figures["ops"] == n
    assert figures.get("ops_exact") == (str(n) if n > 2**53 else None)
    assert Result.from_json(text) == result


def test_unknown_operators_survive(make):
    unknown = [("my.scan", "a", "net.py:3", parse("L")), ("my.sort", "", None, parse("1"))]
    result = make([("a", 5)], unknown=unknown, dims={"L": 12}, notes=("a note",))
    jsonschema.validate(json.loads(result.to_json()), SCHEMA)
    assert Result.from_json(result.to_json()) == result


def test_phases_survive(make):
    rows = [("a", i + 1, i, phase) for i, phase in enumerate(Phase)]
    result = make(rows, train="sgd", mode="train", assumptions=("h | d",))
    jsonschema.validate(json.loads(result.to_json()), SCHEMA)
    assert Result.from_json(result.to_json()) == result


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '{"schema_version": 1}', "null"])
def test_other_json_is_refused(text):
    with pytest.raises(BadSpelling):
        Result.from_json(text)


def test_another_version_of_the_format_is_named(result):
    data = json.loads(result.to_json())
    data["schema_version"] = 99
    with pytest.raises(BadSpelling, match="version 99"):
        Result.from_json(json.dumps(data))


@pytest.mark.parametrize("change", [{"rows": 3}, {"rows": [{}]}, {"as": "no"}, {"params": None}])
def test_damaged_json_is_refused(result, change):
    data = {**json.loads(result.to_json()), **change}
    with pytest.raises(BadSpelling):
        Result.from_json(json.dumps(data))
