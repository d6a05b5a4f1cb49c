"""Exit codes, streams and messages."""

import json
import subprocess
import sys
import tempfile

import pytest

from orderof import Result, analyze
from orderof.cli import main
from orderof.cli.app import VERBS
from orderof.cli.question import Question, sizes
from orderof.errors import BadSpelling

GOLDEN_ARGS = ("zoo:gpt2", "--train", "adamw")


def test_answer_goes_to_stdout_and_nothing_to_stderr(orderof):
    done = orderof(*GOLDEN_ARGS)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("gpt2 · 124.4 M parameters · B=1 S=1024 ")
    assert done.stdout.splitlines()[-1].startswith("  Next: orderof explain zoo:gpt2 ")


@pytest.mark.parametrize(
    "env",
    [
        {"TERM": "dumb", "COLUMNS": "40", "FORCE_COLOR": "1"},
        {"NO_COLOR": "1"},
        {"COLUMNS": "20", "TERM": "xterm-256color"},
    ],
)
def test_a_pipe_gets_the_same_plain_text_whatever_the_terminal_says(orderof, env):
    assert orderof(*GOLDEN_ARGS, **env).stdout == orderof(*GOLDEN_ARGS).stdout
    assert "\x1b" not in orderof(*GOLDEN_ARGS, **env).stdout


def test_width_breaks_lines_also_in_a_pipe(orderof):
    lines = orderof(*GOLDEN_ARGS, "--width", "90").stdout.splitlines()
    assert max(map(len, lines)) <= 90


def test_analyze_is_the_default_verb(orderof):
    assert orderof("analyze", "zoo:mlp").stdout == orderof("zoo:mlp").stdout
    assert orderof("--depth", "1", "zoo:mlp").stdout == orderof("zoo:mlp", "--depth", "1").stdout


def test_json_is_the_result(orderof):
    done = orderof(*GOLDEN_ARGS, "--json", "-d", "S=2k")
    assert Result.from_json(done.stdout) == analyze("zoo:gpt2", train="adamw", dims={"S": 2000})


def test_ascii_on_request_and_where_the_encoding_asks_for_it(orderof):
    asked = orderof(*GOLDEN_ARGS, "--ascii").stdout
    assert asked.isascii()
    assert orderof(*GOLDEN_ARGS, PYTHONIOENCODING="ascii").stdout == asked


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["zoo:nope"], 2, "zoo:nope: is not in the zoo\nhint: the zoo has mlp, "),
        (["zoo:gpt2", "-d", "T=3"], 2, "T: is no dim of gpt2\nhint: its dims are B, S, "),
        (["zoo:gpt2", "-d", "S=-3"], 2, "S=-3: is not a size\nhint: write -d NAME=VALUE"),
        (["zoo:gpt2", "--train", "magic"], 2, "magic: is not an optimizer known here\nhint: "),
        (["zoo:gpt2", "--as", "magic"], 2, "magic: is no convention known here\nhint: use "),
        (["zoo:gpt2", "--input", "x: float32[3]"], 2, "zoo:gpt2: takes no inputs\nhint: "),
        (
            ["analyse", "zoo:gpt2"],
            2,
            "analyse: is no verb and no model\nhint: did you mean analyze; ",
        ),
        (["analyze", "gpt2"], 2, "gpt2: is no verb and no model\nhint: write zoo:gpt2 or "),
        (["zoo:gpt2", "zoo:mlp"], 2, "Got unexpected extra argument (zoo:mlp)\nhint: "),
        (["zoo:gpt2", "--nope"], 2, "No such option '--nope'."),
        (["analyze"], 2, "Missing argument 'MODEL'."),
        (["zoo:mlp", "-o", "r.csv"], 2, "r.csv: has no suffix of a format that can be written"),
        (["zoo:mlp", "-o", "no/such/r.json"], 2, "no/such/r.json: cannot be written: there is no"),
        (["model.pt"], 3, "model.pt: is a pickle, and reading a pickle runs whatever code"),
        (["a/b.pth"], 3, "a/b.pth: is a pickle"),
        (["weights.pkl"], 3, "weights.pkl: is a pickle"),
    ],
)
def test_errors_have_one_message_a_hint_and_a_code(orderof, args, code, says):
    done = orderof(*args)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {says}")
    assert "\nhint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_without_torch_the_pip_line_is_given():
    code = (
        "import sys; sys.modules['torch'] = None; from orderof.cli import main;"
        "sys.exit(main(['torchvision:resnet18']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 5
    assert done.stderr == "error: torch: is not installed\nhint: pip install 'orderof[torch]'\n"


def test_a_file_is_written_whole_beside_the_answer(orderof, tmp_path):
    done = orderof("zoo:mlp", "-o", "r.json", cwd=tmp_path)
    assert done.stdout == orderof("zoo:mlp").stdout
    assert Result.from_json(tmp_path / "r.json") == analyze("zoo:mlp")
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_failure_writes_nothing_and_keeps_what_was_there(orderof, tmp_path):
    (tmp_path / "r.json").write_text("before")
    assert orderof("zoo:mlp", "-d", "T=1", "-o", "r.json", cwd=tmp_path).returncode == 2
    assert (tmp_path / "r.json").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_file_that_cannot_be_put_in_place_leaves_no_other(orderof, tmp_path):
    (tmp_path / "r.json").mkdir()
    done = orderof("zoo:mlp", "-o", "r.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be written" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_reader_that_leaves_is_no_error():
    done = subprocess.Popen(
        [sys.executable, "-m", "orderof", "zoo:gpt2", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    done.stdout.close()
    assert done.stderr.read() == b""
    done.stderr.close()
    assert done.wait() == 0


def test_an_interrupt_is_130(monkeypatch, capsys):
    def interrupted(self: Question) -> Result:
        raise KeyboardInterrupt

    monkeypatch.setattr(Question, "result", interrupted)
    assert main(["zoo:mlp"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_bug_is_70_and_leaves_its_traceback_in_a_file(monkeypatch, capsys, tmp_path):
    def broken(self: Question) -> Result:
        raise ZeroDivisionError("of no use")

    monkeypatch.setattr(Question, "result", broken)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert main(["zoo:mlp", "--top", "3"]) == 70
    told = capsys.readouterr().err
    assert told.startswith("error: this is a bug in orderof: ZeroDivisionError: of no use\nhint: ")
    (file,) = tmp_path.iterdir()
    assert str(file) in told
    assert "Traceback" not in told
    text = file.read_text("utf-8")
    assert text.startswith("orderof zoo:mlp --top 3\n")
    assert "in broken" in text


@pytest.mark.parametrize("args", [["--help"], ["-h"], []])
def test_help_names_every_verb(orderof, args):
    done = orderof(*args)
    assert done.returncode == 0
    assert all(f"  {name}" in done.stdout for name in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(orderof, verb):
    done = orderof(verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: orderof")


def test_version(orderof):
    from importlib.metadata import version

    assert orderof("--version").stdout == f"orderof {version('orderof')}\n"


def test_zoo_lists_its_models(orderof):
    from orderof.frontends.zoo import ZOO

    shown = orderof("zoo:").stdout
    assert all(f"zoo:{name} " in shown for name in ZOO)
    assert "B=1 S=1024 d=768" in shown


def test_doctor_names_what_is_missing(monkeypatch, capsys):
    from orderof.cli import doctor

    monkeypatch.setattr(doctor, "_version", {"torch": "2.13.0"}.get)
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "torch          2.13.0" in shown
    assert "pip install torchvision" in shown
    assert "orderof[torch]" not in shown


def test_doctor_says_when_nothing_is_missing(monkeypatch, capsys):
    from orderof.cli import doctor

    monkeypatch.setattr(doctor, "_version", lambda name: "1.0")
    assert main(["doctor"]) == 0
    assert "Nothing is missing." in capsys.readouterr().out


def test_no_framework_is_imported_for_the_zoo():
    slow = ["torch", "sympy", "rich", "numpy", "jax", "onnx", "importlib.metadata"]
    code = (
        "import sys; from orderof.cli import main; main(['zoo:gpt2', '--json']);"
        f"print([m for m in {slow} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stderr == "[]\n"
    assert json.loads(done.stdout)["model"] == "gpt2"


def test_verbose_tells_the_time_on_stderr(orderof):
    done = orderof("zoo:mlp", "-v")
    assert done.stderr.startswith("counted in ")
    assert done.stdout == orderof("zoo:mlp").stdout


def test_module_runs_as_a_script(orderof):
    done = subprocess.run(
        [sys.executable, "-c", "import runpy; runpy.run_module('orderof', run_name='__main__')"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: orderof")


@pytest.mark.parametrize(
    ("texts", "want"),
    [
        (("B=8", "S=1_024"), {"B": 8, "S": 1024}),
        (("S=8k", "d=8Ki", "V=1M", "n=2G"), {"S": 8000, "d": 8192, "V": 10**6, "n": 2 * 10**9}),
        ((" S = 3 ",), {"S": 3}),
        ((), {}),
    ],
)
def test_sizes(texts, want):
    assert sizes(texts) == want


@pytest.mark.parametrize("text", ["S", "S=", "=3", "S=0", "S=1.5", "S=3x", "2S=3", "S=k", "S==3"])
def test_what_is_no_size(text):
    with pytest.raises(BadSpelling, match="is not a size"):
        sizes((text,))


def test_a_size_is_given_once():
    with pytest.raises(BadSpelling, match="given twice"):
        sizes(("S=1", "S=2"))


def test_options_are_written_as_they_would_be_typed():
    question = Question(
        "x:y", ("B=2",), ("x: float32[B]",), "sgd", "eval", "mse", "exact", "macs", strict=True
    )
    assert question.options() == (
        "-d B=2 --input 'x: float32[B]' --train sgd --mode eval --loss mse"
        " --padding exact --as macs"
    )
    assert Question("x:y").options() == ""
