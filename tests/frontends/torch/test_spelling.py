"""Inputs as they are written, and what is meant by them; none of it needs torch."""

import subprocess
import sys

import pytest

from orderof.errors import BadSpelling, UnknownDim
from orderof.frontends.torch.spelling import (
    DTYPES,
    ConstantSpec,
    DictSpec,
    Dim,
    InputSpec,
    ListSpec,
    TensorInput,
    TensorSpec,
    parse,
    resolve,
)

READ = [
    ("x: float32[2, 3]", TensorSpec("float32", (Dim(None, 2), Dim(None, 3)))),
    ("x:float32[B=2,S]", TensorSpec("float32", (Dim("B", 2), Dim("S", None)))),
    ("x: int64[B=2, S=128] < 50_257", TensorSpec("int64", (Dim("B", 2), Dim("S", 128)), 50257)),
    ("x: int64[2] = [1, 8]", TensorSpec("int64", (Dim(None, 2),), None, (1, 8))),
    ("x: int64[1, 2] = [[1, 8]]", TensorSpec("int64", (Dim(None, 1), Dim(None, 2)), None, (1, 8))),
    ("x: bool[3] = true", TensorSpec("bool", (Dim(None, 3),), None, (1,))),
    ("x: bool[]", TensorSpec("bool", ())),
    ("x: float32[2, 3,]", TensorSpec("float32", (Dim(None, 2), Dim(None, 3)))),
    ("x: 3", ConstantSpec(3)),
    ("x: -3", ConstantSpec(-3)),
    ("x: 0.5", ConstantSpec(0.5)),
    ("x: 1e-5", ConstantSpec(1e-5)),
    ("x: true", ConstantSpec(value=True)),
    ("x: False", ConstantSpec(value=False)),
    ("x: None", ConstantSpec(None)),
    ("x: 'a text'", ConstantSpec("a text")),
    ("x: {}", DictSpec(())),
    ("x: []", ListSpec(())),
    ("x: int64[5] = [7]*3 + [1]*2", TensorSpec("int64", (Dim(None, 5),), data=(7, 7, 7, 1, 1))),
    ("x: int64[4] = [1, 2]*2", TensorSpec("int64", (Dim(None, 4),), data=(1, 2, 1, 2))),
    ("x: int64[3] = 0*2 + 5", TensorSpec("int64", (Dim(None, 3),), data=(0, 0, 5))),
    ("x: bool[2] = true + [false]*1", TensorSpec("bool", (Dim(None, 2),), data=(1, 0))),
    (
        "x: {a: [float32[B], 1], b: {c: none}}",
        DictSpec(
            (
                ("a", ListSpec((TensorSpec("float32", (Dim("B", None),)), ConstantSpec(1)))),
                ("b", DictSpec((("c", ConstantSpec(None)),))),
            )
        ),
    ),
]


def test_a_list_of_images_has_letters():
    found, sizes = resolve([parse("images: [float32[3, H=8, W=6], float32[3, H, W]]")], {"W": 4})
    image = TensorInput("float32", (3, 8, 4), (None, "H", "W"), None)
    assert (found, sizes) == ({"images": [image, image]}, {"H": 8, "W": 4})


@pytest.mark.parametrize(("text", "value"), READ)
def test_reads(text, value):
    assert parse(text) == InputSpec("x", value)


@pytest.mark.parametrize("dtype", DTYPES)
def test_reads_every_dtype(dtype):
    assert parse(f"x: {dtype}[1]").value.dtype == dtype


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing stands where the name of an input is expected"),
        ("x", "nothing stands where : is expected"),
        ("x:", "nothing is no dtype and no constant"),
        ("x: float[2]", "float is no dtype and no constant; the dtypes are float64"),
        ("x: float32", r"nothing stands where \[ is expected"),
        ("x: float32[2", "nothing stands where , is expected"),
        ("x: float32[2 3]", r"3 stands where , is expected \(column 14\)"),
        ("x: float32[-2]", "-2 stands where a size is expected"),
        ("x: float32[B=]", "stands where the size of B is expected"),
        ("x: float32[2.5]", "2.5 is no size and no name of one"),
        ("x: float32[2] < B", "B stands where a bound is expected"),
        ("x: float32[2] y", "y stands after the end"),
        ("x: float32[2]; y", r"this cannot be read \(column 14\)"),
        ("x: {1: 2}", "1 stands where a key is expected"),
        ("x: {a: 2", "nothing stands where , is expected"),
        ("x: int64[2] = [1]*", "nothing stands where how often they stand there is expected"),
        ("x: int64[2] = [1]*-1", "-1 stands where how often they stand there is expected"),
        ("x: int64[2] = [1] +", "nothing stands where a whole number is expected"),
        ("3: 4", "3 stands where the name of an input is expected"),
    ],
)
def test_says_what_cannot_be_read(text, message):
    with pytest.raises(BadSpelling, match=message) as caught:
        parse(text)
    assert caught.value.subject == text
    assert "float32[B=2" in caught.value.hint


def resolved(*texts, **sizes):
    return resolve([parse(text) for text in texts], sizes)


def test_a_name_is_the_same_size_everywhere():
    inputs, dims = resolved("x: float32[B=2, S, 3]", "y: [int64[S=5] < 7, 1]")
    assert dims == {"B": 2, "S": 5}
    assert inputs == {
        "x": TensorInput("float32", (2, 5, 3), ("B", "S", None), None),
        "y": [TensorInput("int64", (5,), ("S",), 7), 1],
    }


def test_a_size_given_apart_goes_before_the_written_one():
    inputs, dims = resolved("x: {a: float32[B=2, S=4]}", B=8)
    assert dims == {"B": 8, "S": 4}
    assert inputs["x"]["a"].shape == (8, 4)


def test_two_sizes_for_one_name():
    with pytest.raises(BadSpelling, match="B: it is given as 2 and 3"):
        resolved("x: float32[B=2, B=3]")
    assert resolved("x: float32[B=2, B=3]", B=4)[1] == {"B": 4}


def test_a_name_without_a_size():
    with pytest.raises(UnknownDim, match="S: its size is not given") as caught:
        resolved("x: float32[B=2, S]")
    assert caught.value.hint == "-d S=VALUE"


@pytest.mark.parametrize(
    ("text", "hint"),
    [("x: float32[B=2, S=3]", "the dims are B, S"), ("x: 3", "the inputs name no dim")],
)
def test_a_size_for_a_name_that_no_input_has(text, hint):
    with pytest.raises(UnknownDim, match="T: no input has a dim of this name") as caught:
        resolved(text, T=3)
    assert caught.value.hint == hint


def test_needs_no_torch():
    code = "import sys, orderof.frontends.torch.spelling; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_repeated_has_an_end():
    with pytest.raises(BadSpelling, match="more than 1048576 numbers"):
        parse("ids: int64[1, 9] = [7]*2000000")
