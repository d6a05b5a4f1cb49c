"""Answers that are kept: given again when nothing changed, and never otherwise."""

import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest

from orderof import analyze
from orderof.analyses.work import Coverage, Unknown
from orderof.cli import main
from orderof.cli.kept import answer, key, watch
from orderof.cli.question import Question
from orderof.sym import const

FAKE = "torchvision:fake"
LONG_AGO = 10**18


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A cache, a working directory, installed packages, a loaded module and orderof's own code."""
    for name in ("cache", "here", "site-packages/fake-1.0.dist-info", "code"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("site-packages/fake.py", "code/orderof.py"):
        (tmp_path / name).write_text("x = 1\n")
        os.utime(tmp_path / name, ns=(LONG_AGO, LONG_AGO))
    monkeypatch.setenv("ORDEROF_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    monkeypatch.setattr(key, "OURS", str(tmp_path / "code"))
    modules = {str(tmp_path / "site-packages" / "fake.py")}
    monkeypatch.setattr(watch, "_modules", lambda: modules)
    return tmp_path


class Asking:
    """Runs the command line; what a model costs is taken from the zoo, and how often is noted."""

    def __init__(self, capsys):
        self.capsys = capsys
        self.counted = 0
        self.meanwhile = lambda: None

    def instead(self, question: Question):
        """Stand in for Question.result."""
        self.counted += 1
        self.meanwhile()
        unknown = (Unknown("aten.x", "layer1", "net.py:3", const(2)),)
        result = analyze("zoo:mlp", train=question.train, as_=question.as_)
        return replace(result, coverage=Coverage(9, 1, unknown), notes=("a note",))

    def __call__(self, *args: str) -> tuple[str, str, bool]:
        """Give stdout, stderr, and whether it was counted."""
        before = self.counted
        assert main([FAKE, *args]) == 0
        return *self.capsys.readouterr(), self.counted > before


@pytest.fixture
def ask(place, capsys, monkeypatch):
    asking = Asking(capsys)

    def result(question: Question):
        return asking.instead(question)

    monkeypatch.setattr(Question, "result", result)
    return asking


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--json",),
        ("--top", "2"),
        ("--depth", "1", "--ascii", "--width", "60"),
        ("--train", "adamw", "--as", "macs"),
        ("--train", "sgd", "--as", "orderof", "--json"),
    ],
)
def test_the_second_answer_is_not_counted_and_is_the_same(ask, args):
    out, err, counted = ask(*args)
    assert counted
    assert err.startswith("warning: 1 operator has no rule, and every total is a lower bound")
    assert ask(*args) == (out, err, False)
    assert ask(*args, "--no-cache") == (out, err, True)


def test_one_answer_is_shown_in_many_ways(ask):
    ask()
    assert [ask(*args)[2] for args in (["--json"], ["--top", "1"], ["--depth", "0"])] == [False] * 3


@pytest.mark.parametrize(
    "args",
    [
        ("-d", "B=2"),
        ("--input", "x: float32[B=2]"),
        ("--train", "sgd"),
        ("--mode", "train"),
        ("--loss", "mse"),
        ("--padding", "exact"),
        ("--as", "macs"),
        ("--symbolic", "B"),
        ("--strict",),
        ("-q",),
    ],
)
def test_another_question_is_counted(ask, args):
    ask()
    assert ask(*args)[2]
    assert not ask(*args)[2]


def version(place):
    (place / "site-packages/fake-1.0.dist-info").rename(place / "site-packages/fake-1.1.dist-info")


def same_version_again(place):
    os.utime(place / "site-packages/fake-1.0.dist-info", ns=(LONG_AGO, LONG_AGO + 1))


def file_of_a_package(place):
    (place / "site-packages/fake.py").write_text("x = 2\n")
    os.utime(place / "site-packages/fake.py", ns=(LONG_AGO, LONG_AGO + 1))


def line_of_orderof(place):
    (place / "code/orderof.py").write_text("x = 2\n")
    os.utime(place / "code/orderof.py", ns=(LONG_AGO, LONG_AGO))


def file_more_in_orderof(place):
    (place / "code/more.toml").touch()


def package_that_is_only_looked_for(place):
    (place / "site-packages/flash.py").touch()


def file_before_a_package(place):
    (place / "here/fake.py").touch()


def folder_before_a_package(place):
    (place / "here/fake").mkdir()


@pytest.mark.parametrize(
    "change",
    [
        version,
        same_version_again,
        file_of_a_package,
        line_of_orderof,
        file_more_in_orderof,
        package_that_is_only_looked_for,
        file_before_a_package,
        folder_before_a_package,
    ],
)
def test_what_it_depends_on_changes(ask, place, change):
    ask()
    assert not ask()[2]
    change(place)
    assert ask()[2]


def test_a_folder_becomes_a_package(ask, place):
    (place / "here/fake").mkdir()
    ask()
    (place / "here/fake/__init__.py").touch()
    assert ask()[2]


def test_what_cannot_matter(ask, place, monkeypatch):
    ask()
    (place / "here/notes.txt").touch()
    (place / "code/__pycache__").mkdir()
    (place / "code/__pycache__/orderof.cpython-311.pyc").touch()
    monkeypatch.setenv("TERM_SESSION_ID", "2")
    assert not ask()[2]


def test_a_variable_of_the_environment(ask, monkeypatch):
    ask()
    monkeypatch.setenv("TRANSFORMERS_SDPA_FORCE_GQA", "1")
    assert ask()[2]


def test_what_the_count_itself_sets_does_not_matter(ask, monkeypatch):
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    ask.meanwhile = lambda: monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "set")
    ask()
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    assert not ask()[2]


def test_no_cache_neither_finds_nor_keeps(ask, place):
    ask("--no-cache")
    assert list((place / "cache").iterdir()) == []
    ask()
    assert ask("--no-cache")[2]


def test_what_was_said_is_said_again(ask):
    ask.meanwhile = lambda: sys.stderr.write("fake: a line\n")
    out, err, _ = ask()
    assert err.startswith("fake: a line\nwarning: 1 operator")
    assert ask() == (out, err, False)


def test_verbose_tells_which_it_was(ask):
    assert "\ncounted in " in ask("-v")[1]
    assert ask("-v")[1].endswith(" s, counted before\n")


@pytest.mark.parametrize(
    ("reads", "why"),
    [
        (lambda place: (place / "weights.bin").read_bytes(), "it read "),
        (lambda place: (place / "weights.bin").open("r+").close(), "it read "),
        (lambda place: socket.getaddrinfo("127.0.0.1", 80), "it asked the network"),
        (lambda place: sys.stdout.write("here I am"), "something was written to stdout"),
        (line_of_orderof, "what it depends on changed while it was counted"),
        (lambda place: (place / "site-packages/fake.py").write_text("y"), "was just changed"),
    ],
)
def test_what_may_depend_on_more_is_not_kept(ask, place, reads, why):
    (place / "weights.bin").touch()
    ask.meanwhile = lambda: reads(place)
    assert f"answer not kept: {why}" in ask("-v")[1].replace(f"{place}/site-packages/fake.py ", "")
    assert ask()[2]


def test_data_of_a_package_changes(ask, place):
    data = place / "site-packages/data.json"
    data.touch()
    os.utime(data, ns=(LONG_AGO, LONG_AGO))
    ask.meanwhile = data.read_text
    ask()
    assert not ask()[2]
    data.write_text("{}")
    assert ask()[2]


def test_the_standard_library_and_files_that_it_writes_do_not_matter(ask, place):
    def use():
        (place / "out.txt").write_text("x")
        Path(os.__file__).read_text("utf-8")

    ask.meanwhile = use
    ask()
    assert not ask()[2]


def test_a_module_from_elsewhere_is_not_kept(ask, place, monkeypatch):
    monkeypatch.setattr(watch, "_modules", lambda: {str(place / "here" / "mine.py")})
    assert "answer not kept: it read " in ask("-v")[1]


def test_what_does_not_read_back_is_not_kept(ask, monkeypatch):
    monkeypatch.setattr(answer.Kept, "dumps", lambda kept: b"")
    assert "answer not kept: it does not read back as it was written" in ask("-v")[1]


def test_a_failure_is_not_kept(ask, capsys):
    def fail():
        raise OSError("of the model")

    ask.meanwhile = fail
    assert [main([FAKE]), main([FAKE])] == [70, 70]
    assert ask.counted == 2
    ask.meanwhile = lambda: None
    capsys.readouterr()
    assert ask()[2]


def test_loaded_modules_are_seen():
    modules = watch._modules()
    assert watch.__file__ in modules
    assert click.__file__ in modules


@pytest.mark.parametrize(
    ("model", "kept"),
    [("torchvision:x", True), ("hf:x", True), ("zoo:mlp", False), ("pkg.mod:Net", False)],
)
def test_only_what_a_framework_builds_is_kept(monkeypatch, model, kept):
    asked = []
    monkeypatch.setattr(answer, "answer", lambda *args: asked.append(1) or (analyze("zoo:mlp"), 1))
    monkeypatch.setattr(Question, "result", lambda question: analyze("zoo:mlp"))
    main([model])
    assert asked == [1] * kept
