"""LaTeX, MathML and the factored text, as literal goldens and as laws."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from tests.sym.strategies import exprs

from orderof.sym import parse
from orderof.sym.show import factored, latex, mathml

MATHML_CORE = {"math", "mrow", "mi", "mn", "mo", "msup", "msub", "mfrac"}
TWO = {"msup", "msub", "mfrac"}
TIMES = '<mo rspace="0.17em">\u2062</mo>'
APPLY = "<mo>\u2061</mo>"

LATEX = {
    "0": "0",
    "-3": "-3",
    "2*B*S*d**2": r"2\,B\,S\,d^{2}",
    "B**2 - 2*S - 1": r"B^{2} - 2\,S - 1",
    "-B + 1": "-B + 1",
    "d/h": r"\frac{d}{h}",
    "6*B*d**2/h/k**2 - 1/h": r"\frac{6\,B\,d^{2}}{h\,k^{2}} - \frac{1}{h}",
    "n_head*d_k*x_1": r"d_{k}\,n_{\text{head}}\,x_{1}",
    "seq*n_head_kv**2": r"n_{\text{head},\text{kv}}^{2}\,\mathit{seq}",
    "_x + a__b": r"\mathit{\_x} + \mathit{a\_\_b}",
    "C*ceildiv(H, 2)**2": r"C\,\left\lceil \frac{H}{2} \right\rceil^{2}",
    "floordiv(H - 3, s)": r"\left\lfloor \frac{H - 3}{s} \right\rfloor",
    "B*mod(S, 8)": r"B\,\left(S \bmod 8\right)",
    "mod(S + 1, 8*B)": r"\left(\left(S + 1\right) \bmod \left(8\,B\right)\right)",
    "min(B, S + 1)": r"\min\left(B, S + 1\right)",
    "2*max(B, 3*S)": r"2\,\max\left(3\,S, B\right)",
    "ceillog2(S) + 1": r"\left\lceil \log_2 S \right\rceil + 1",
    "ceillog2(B*S)": r"\left\lceil \log_2 \left(B\,S\right) \right\rceil",
}

MATHML = {
    "0": "<mn>0</mn>",
    "-3": "<mrow><mo>−</mo><mn>3</mn></mrow>",
    "seq": "<mi>seq</mi>",
    "2*B*d**2": f"<mrow><mn>2</mn>{TIMES}<mi>B</mi>{TIMES}<msup><mi>d</mi><mn>2</mn></msup></mrow>",
    "B - S + 1": "<mrow><mi>B</mi><mo>−</mo><mi>S</mi><mo>+</mo><mn>1</mn></mrow>",
    "d/h": "<mfrac><mi>d</mi><mi>h</mi></mfrac>",
    "n_head": "<msub><mi>n</mi><mi>head</mi></msub>",
    "x_1_kv": "<msub><mi>x</mi><mrow><mn>1</mn><mo>,</mo><mi>kv</mi></mrow></msub>",
    "ceildiv(H, 2)": "<mrow><mo>⌈</mo><mfrac><mi>H</mi><mn>2</mn></mfrac><mo>⌉</mo></mrow>",
    "floordiv(H, 2)": "<mrow><mo>⌊</mo><mfrac><mi>H</mi><mn>2</mn></mfrac><mo>⌋</mo></mrow>",
    "mod(S, 8)": "<mrow><mo>(</mo><mrow><mi>S</mi><mo>mod</mo><mn>8</mn></mrow><mo>)</mo></mrow>",
    "min(B, S)": (
        f"<mrow><mi>min</mi>{APPLY}<mrow><mo>(</mo>"
        "<mrow><mi>B</mi><mo>,</mo><mi>S</mi></mrow><mo>)</mo></mrow></mrow>"
    ),
    "ceillog2(S)": (
        "<mrow><mo>⌈</mo><mrow><msub><mi>log</mi><mn>2</mn></msub>"
        f"{APPLY}<mi>S</mi></mrow><mo>⌉</mo></mrow>"
    ),
}

FACTORED = {
    "0": "0",
    "6": "6",
    "2*B*S": "2*B*S",
    "24*B*L*S*d**2 + 4*B*L*S**2*d + 2*B*S*V*d": "2*B*S*d*(2*L*S + 12*L*d + V)",
    "3*B*S*d**2 + 4*S*d**3": "S*d**2*(3*B + 4*d)",
    "-12*B*d - 6*B*S*d + 3*B*V*d": "-3*B*d*(2*S - V + 4)",
    "B**2*S*d/h + B**2*S*V/h": "B**2*S*(V + d)/h",
    "B*d + S*d**2/h": "d*(B + S*d/h)",
    "B*S + B": "B*S + B",
    "10*ceildiv(H, 2)**2 + 15*B*ceildiv(H, 2)": "5*ceildiv(H, 2)*(3*B + 2*ceildiv(H, 2))",
}


@pytest.mark.parametrize(("source", "expected"), LATEX.items())
def test_latex(source, expected):
    assert latex(parse(source)) == expected


@pytest.mark.parametrize(("source", "expected"), MATHML.items())
def test_mathml(source, expected):
    assert mathml(parse(source)) == f'<math aria-label="{source}">{expected}</math>'


@pytest.mark.parametrize(("source", "expected"), FACTORED.items())
def test_factored(source, expected):
    assert factored(parse(source)) == expected


@given(exprs)
def test_factored_text_is_read_back_and_never_longer(e):
    assert parse(factored(e)) == e
    assert len(factored(e)) <= len(str(e))


@given(exprs)
def test_latex_is_balanced(e):
    text = latex(e)
    assert text.count(r"\left") == text.count(r"\right")
    assert text.count("{") == text.count("}")
    assert set(re.findall(r"\\[a-z]+", text)) <= {
        *(r"\frac", r"\left", r"\right", r"\lceil", r"\rceil", r"\lfloor", r"\rfloor"),
        *(r"\bmod", r"\min", r"\max", r"\log"),
    }


@given(exprs)
def test_mathml_is_xml_of_known_elements(e):
    root = ET.fromstring(mathml(e))
    assert (root.tag, root.get("aria-label"), len(root)) == ("math", str(e), 1)
    for element in root.iter():
        assert element.tag in MATHML_CORE
        assert bool(element.text) == (element.tag in {"mi", "mn", "mo"})
        assert len(element) == 2 or element.tag not in TWO
