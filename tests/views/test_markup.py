"""Reports as Markdown, LaTeX and HTML: nothing is lost, everything is escaped, TeX compiles it."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner

from orderof.cli.app import APP
from orderof.doc import (
    Column,
    Doc,
    Fact,
    Facts,
    FormulaLine,
    Kind,
    Level,
    Note,
    Row,
    Section,
    Table,
)
from orderof.sym import parse
from orderof.views.markup import LANGUAGES, render

F = parse("3*B*S*d**2 - ceildiv(H, 2)")
DOC = Doc(
    "a_b & <c> $x$",
    (
        Section(
            "head 100 %",
            (
                Table(
                    (Column("name", Kind.TREE), Column("n", Kind.EXACT), Column("f", Kind.FORMULA)),
                    (Row(("all", 1234567, F), strong=True), Row(("a_1", 5, F), depth=1)),
                ),
            ),
        ),
        Facts((Fact("what", ("x * y =", F, "=", 7)), Fact("", ("more | less",)))),
        FormulaLine("operations", F, 3),
        Note("50 % of #1 {set}", Level.WARNING),
    ),
)
REPORTS = {
    "analyze": ["zoo:gpt2", "--train", "adamw"],
    "explain attention": ["explain", "zoo:gpt2", "h.*.attn"],
    "explain mlp": ["explain", "mlp:784-300-10", "layer1"],
    "explain conv": ["explain", "zoo:lenet", "conv1"],
    "explain lstm": ["explain", "zoo:lstm", "*"],
    "growth": ["growth", "zoo:resnet18"],
    "span": ["zoo:lstm", "--span", "--train", "sgd"],
    "train": ["train", "mlp:784-300-10", "--examples", "100"],
    "derivation mlp": ["explain", "mlp:784-300-10", "--loss", "mse"],
    "derivation conv": ["explain", "zoo:conv"],
    "derivation lstm": ["explain", "zoo:lstm"],
    "derivation attention": ["explain", "zoo:attention"],
    "gradient": ["gradient", "zoo:gpt2"],
    "claims": ["claims", "--no-measure"],
    "until": ["train", "mlp:4-2", "--examples", "9", "--until", "0.1", "--with", "beta=1,R=1"],
}


def page(name, language):
    args = REPORTS[name]
    args = ["analyze", *args] if ":" in args[0] else args
    found = CliRunner().invoke(APP, [*args, "--format", language])
    assert found.exit_code == 0, found.output
    return found.output


def test_markdown():
    assert render(DOC, "markdown") == (
        "# a\\_b & \\<c\\> \\$x\\$\n\n\n\n"
        "## head 100 %\n\n"
        "| name | n | f |\n| --- | ---: | --- |\n"
        "| **all** | **1,234,567** | **$3\\,B\\,S\\,d^{2} - \\left\\lceil \\frac{H}{2} "
        "\\right\\rceil$** |\n"
        "| &emsp;a\\_1 | 5 | $3\\,B\\,S\\,d^{2} - \\left\\lceil \\frac{H}{2} \\right\\rceil$ |\n\n"
        "- what: x \\* y = $3\\,B\\,S\\,d^{2} - \\left\\lceil \\frac{H}{2} \\right\\rceil$ = 7\n"
        "- more \\| less\n\n"
        "operations:\n\n"
        "$$3\\,B\\,S\\,d^{2} - \\left\\lceil \\frac{H}{2} \\right\\rceil$$ + 3 more terms\n\n"
        "> **Warning.** 50 % of \\#1 {set}\n"
    )


def test_latex_escapes_and_breaks_between_summands():
    text = render(DOC, "latex")
    assert r"\section*{a\_\allowbreak{}b \& $<$c$>$ \$x\$}" in text
    assert r"head 100 \%" in text
    assert r"50 \% of \#1 \{set\}" in text
    assert "&3\\,B\\,S\\,d^{2} \\\\\n&\\quad - \\left\\lceil \\frac{H}{2} \\right\\rceil" in text


class Open(HTMLParser):
    """Raises where elements do not close in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_closed_and_loads_nothing():
    text = render(DOC, "html")
    reader = Open()
    reader.feed(text)
    assert not reader.open
    assert "<title>a_b &amp; &lt;c&gt; $x$</title>" in text
    assert not re.search(r"(src|href)=|<script", text)
    assert text.count("<math ") == 4


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", REPORTS)
def test_every_report_can_be_written(name, language):
    text = page(name, language)
    assert len(text) > 300
    if language == "html":
        reader = Open()
        reader.feed(text)
        assert not reader.open


@pytest.mark.parametrize("name", REPORTS)
def test_tex_compiles_it(name, tmp_path):
    tex = shutil.which("pdflatex")
    if tex is None:
        pytest.skip("there is no pdflatex here")
    (tmp_path / "page.tex").write_text(page(name, "latex"), "utf-8")
    command = [tex, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "page.tex"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120,
                           check=False)  # fmt: skip
    assert found.returncode == 0, found.stdout[-2000:]
    assert (tmp_path / "page.pdf").stat().st_size > 1000
