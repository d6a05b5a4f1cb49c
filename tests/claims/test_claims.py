"""Claims: what counting says is computed, what the page says is what is computed."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from orderof.claims import claims
from orderof.claims.cheaper import strassen
from orderof.claims.report import report
from orderof.claims.types import Verdict
from orderof.cli.app import APP
from orderof.errors import BadSpelling
from orderof.views.markup import render

PAGE = Path(__file__).resolve().parents[2] / "docs" / "claims.md"
BY_COUNT = {
    "forward-n4": Verdict.FALSE,
    "training-n5": Verdict.FALSE,
    "1800": Verdict.TRUE,
    "depth-exponential": Verdict.FALSE,
    "adjoint": Verdict.TRUE,
    "backward": Verdict.DEPENDS,
    "one-over-eps": Verdict.DEPENDS,
    "dropout": Verdict.FALSE,
    "sharing": Verdict.FALSE,
    "low-rank": Verdict.TRUE,
    "gpu": Verdict.TRUE,
    "super-resolution": Verdict.OPEN,
    "more-epochs": Verdict.OPEN,
}


def answers():
    return {c.name: c.answer(None) for c in claims()}


def test_verdicts_that_follow_from_counts():
    found = answers()
    assert {name: found[name].verdict for name in BY_COUNT} == BY_COUNT


def test_every_claim_has_evidence():
    for name, answer in answers().items():
        assert answer.counted, name
        assert answer.why, name
        assert not answer.measured, name  # no figure without an experiment


def sections(text):
    """Each claim of a page, without what a clock said."""
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    for part in parts:
        name = part.partition(":")[0]
        counted = re.search(r"^### by count\n\n((?:- .*\n)+)", part, flags=re.MULTILINE)
        assert counted, name
        yield name, part.splitlines()[0], counted[1]


def test_the_page_says_what_is_counted():
    now = render(report([(c, c.answer(None)) for c in claims()]), "markdown")
    assert list(sections(PAGE.read_text("utf-8"))) == list(sections(now))


def test_the_page_has_measurements():
    text = PAGE.read_text("utf-8")
    measured = [c for c in claims() if c.experiment]
    assert text.count("### by the clock") == len(measured)
    assert "Times are of one machine" in text


def test_orders_of_the_essay():
    counted = {f.label: f.parts for f in answers()["forward-n4"].counted}
    assert counted["here"][0] == "Theta(B*n**3):"
    assert counted["there"] == ("Theta(n**4):", "n**4 <= f <= 2*n**4 for all n >= 1")


def test_a_network_of_thirty():
    counted = {f.label: f.parts for f in answers()["1800"].counted}
    assert counted["forward"][0] == 30 * 30 + 30 * 30
    assert counted["with a unit for the bias"][0] == 31 * 30 + 31 * 30
    assert counted["backward"][:3:2] == (1800, 30 * 30 + 2 * 30)
    assert counted["gradients"][0] == 2 * (30 * 30 + 30)


def test_strassen_by_its_own_recursion():
    """7 products and 18 sums of quarters, by doing it with lists."""

    def product(a, b, tally):
        n = len(a)
        tally[0] += n * n * (2 * n - 1)
        return [[sum(a[i][k] * b[k][j] for k in range(n)) for j in range(n)] for i in range(n)]

    def plus(a, b, tally, sign=1):
        tally[0] += len(a) ** 2
        rows = zip(a, b, strict=True)
        return [[x + sign * y for x, y in zip(p, q, strict=True)] for p, q in rows]

    def cut(a):
        h = len(a) // 2
        return [[row[j : j + h] for row in a[i : i + h]] for i in (0, h) for j in (0, h)]

    a = [[i * 4 + j for j in range(4)] for i in range(4)]
    b = [[(i - j) ** 2 for j in range(4)] for i in range(4)]
    tally, plain = [0], [0]
    (p, q, r, s), (t, u, v, w) = cut(a), cut(b)
    m1 = product(plus(p, s, tally), plus(t, w, tally), tally)
    m2 = product(plus(r, s, tally), t, tally)
    m3 = product(p, plus(u, w, tally, -1), tally)
    m4 = product(s, plus(v, t, tally, -1), tally)
    m5 = product(plus(p, q, tally), w, tally)
    m6 = product(plus(r, p, tally, -1), plus(t, u, tally), tally)
    m7 = product(plus(q, s, tally, -1), plus(v, w, tally), tally)
    first = plus(plus(plus(m1, m4, tally), m5, tally, -1), m7, tally)
    second, third = plus(m3, m5, tally), plus(m2, m4, tally)
    fourth = plus(plus(plus(m1, m2, tally, -1), m3, tally), m6, tally)
    assert [first, second, third, fourth] == cut(product(a, b, plain))
    assert tally[0] == strassen(4, 1)
    assert plain[0] == strassen(4, 0)


def test_the_screen_and_json():
    found = CliRunner().invoke(APP, ["claims", "dropout", "1800", "--no-measure"])
    assert found.exit_code == 0, found.output
    assert "  dropout   false     Dropout reduces the cost." in found.output
    data = json.loads(CliRunner().invoke(APP, ["claims", "--no-measure", "--json"]).output)
    assert len(data["claims"]) == len(claims()) >= 25
    assert data["machine"] == ""


def test_a_claim_that_there_is_not():
    with pytest.raises(BadSpelling, match="flat-earth: is no claim"):
        claims(("flat-earth",))


@pytest.mark.framework
def test_an_experiment_gives_its_figures():
    found = CliRunner().invoke(APP, ["claims", "low-rank", "--json"])
    data = json.loads(found.stdout)
    assert data["claims"][0]["figures"].keys() == {"one", "two"}
    assert all(t > 0 for t in data["claims"][0]["figures"].values())
    assert "measuring: rank" in found.stderr
    assert "torch" in data["machine"]
