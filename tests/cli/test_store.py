"""The file of kept answers: many processes, any kill, any damage, a bound; and the verb."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from orderof import analyze
from orderof.cli import main
from orderof.cli.kept import store as store_module
from orderof.cli.kept import watch
from orderof.cli.kept.store import MARK, Store, path
from orderof.cli.question import Question
from orderof.errors import UsageError

KEY = b"k" * 32

WRITER = """
import sys, time
from pathlib import Path
from orderof.cli.kept.store import Store

store, name, n = Store(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for i in range(n):
    store.put(f"{name} {i}".encode(), f"{name} {i}", bytes([i % 256]) * 50_000)
    print(i, flush=True)
    time.sleep(float(sys.argv[4]))
"""


def writer(file: Path, name: str, n: int, pause: float = 0.0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(file), name, str(n), str(pause)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "folder" / "answers.sqlite")


def execute(store: Store, *statement) -> list[tuple]:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as found:
        return found.execute(*statement).fetchall()


def test_what_is_put_is_got(store):
    assert (store.get(KEY), store.entries(), store.clear()) == (None, [], 0)
    assert not store.path.parent.exists()
    store.put(KEY, "a question", b"body")
    store.put(b"other", "another", b"")
    assert (store.get(KEY), store.get(b"other"), store.get(b"none")) == (b"body", b"", None)
    store.put(KEY, "a question", b"new body")
    assert store.get(KEY) == b"new body"
    assert store.entries() == [("a question", 8), ("another", 0)]
    assert store.clear() == 2
    assert (store.get(KEY), store.entries()) == (None, [])


def test_the_folder_is_private(store):
    store.put(KEY, "a question", b"body")
    assert store.path.parent.stat().st_mode & 0o777 == 0o700


def test_two_processes_write_at_once(store):
    writers = [writer(store.path, name, 30, 0.002) for name in "ab"]
    assert [w.communicate()[0].count("\n") for w in writers] == [30, 30]
    assert [w.returncode for w in writers] == [0, 0]
    for name in "ab":
        for i in range(30):
            assert store.get(f"{name} {i}".encode()) == bytes([i]) * 50_000


@pytest.mark.parametrize("round", range(4))
def test_a_kill_while_it_writes_loses_no_entry(store, round):
    killed = writer(store.path, "a", 10_000)
    for _ in range(5 + round):
        done = int(killed.stdout.readline())
    time.sleep(0.003 * round)
    killed.send_signal(signal.SIGKILL)
    done = max([done, *map(int, killed.stdout.read().split())])
    killed.stdout.close()
    assert killed.wait() == -signal.SIGKILL
    for i in range(done + 1):
        assert store.get(f"a {i}".encode()) == bytes([i % 256]) * 50_000
    assert done + 1 <= len(store.entries()) <= done + 2
    assert execute(store, "PRAGMA integrity_check") == [("ok",)]
    store.put(KEY, "after", b"body")
    assert store.get(KEY) == b"body"


def test_a_journal_that_was_left_is_rolled_back(store):
    store.put(KEY, "a question", b"body")
    code = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA cache_size = 1'); c.execute('BEGIN IMMEDIATE');"
        "c.execute('DELETE FROM answers');"
        "c.executemany('INSERT INTO answers VALUES (?, ?, ?, ?, ?)',"
        " [(bytes([i]), 'x', 1, b'', bytes(9000)) for i in range(50)]);"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(store.path)], check=False)
    assert Path(f"{store.path}-journal").exists()
    assert store.get(KEY) == b"body"
    assert len(store.entries()) == 1


def test_those_not_asked_for_longest_go_first(store):
    small = Store(store.path, limit=1000)
    for i in range(4):
        small.put(bytes([i]), str(i), bytes(250))
        execute(store, "UPDATE answers SET used = ? WHERE asked = ?", (1000 + i, str(i)))
    assert small.get(bytes([0])) == bytes(250)  # which notes that it was asked for
    small.put(b"new", "new", bytes(300))
    assert [asked for asked, _ in small.entries()] == ["new", "0", "3"]


def test_the_file_stays_within_its_bound(store):
    small = Store(store.path, limit=1_000_000)
    for i in range(200):
        small.put(bytes([i]), str(i), os.urandom(20_000))
    assert sum(n for _, n in small.entries()) <= 1_000_000
    assert store.path.stat().st_size <= 1_300_000
    assert small.get(bytes([199])) is not None


def test_what_is_too_large_drives_nothing_out(store):
    small = Store(store.path, limit=1000)
    small.put(KEY, "a question", bytes(500))
    small.put(b"large", "large", bytes(1001))
    assert small.entries() == [("a question", 500)]


@pytest.mark.parametrize(
    "field",
    ["body = x'00'", "body = 'text'", "digest = x'00'", "digest = 3", "used = 'x'", "key = x'01'"],
)
def test_an_entry_that_is_damaged_is_none(store, field):
    store.put(KEY, "a question", b"body")
    execute(store, f"UPDATE answers SET {field}")
    assert store.get(KEY) is None
    assert store.get(b"\x01") is None
    store.put(KEY, "a question", b"body")
    assert store.get(KEY) == b"body"


def test_no_byte_of_the_file_can_give_a_wrong_answer(store):
    store.put(KEY, "a question", b"body" * 500)
    whole = store.path.read_bytes()
    chance = random.Random(0)
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(chance.choice([1, 10, 1000])):
            content[chance.randrange(len(content))] = chance.randrange(256)
        store.path.write_bytes(content)
        for use in (store.get, lambda key: store.put(key, "a question", b"new"), store.get):
            with suppress(UsageError):
                assert use(KEY) in {None, b"body" * 500, b"new"}
        with suppress(UsageError):
            assert all(isinstance(n, int) for _, n in store.entries())


# -------------------------------------------------------------------------- files that are no use


def garbage(file: Path) -> None:
    file.write_bytes(b"no database" * 1000)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:9000])


def holes(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)


def foreign(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as found:
        found.execute("CREATE TABLE mine (x)")


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def no_folder(file: Path) -> None:
    file.unlink()
    file.parent.rmdir()
    file.parent.touch()


@pytest.fixture
def ask(tmp_path, monkeypatch, capsys):
    """Ask on the command line: stdout, stderr, and whether it was counted."""
    counted = []
    monkeypatch.setenv("ORDEROF_CACHE_DIR", str(tmp_path / "folder"))
    monkeypatch.setattr(watch, "_modules", set)
    monkeypatch.setattr(
        Question, "result", lambda question: counted.append(1) or analyze("zoo:mlp")
    )

    def ask(*args: str) -> tuple[str, str, bool]:
        counted.clear()
        assert main(["torchvision:fake", *args]) == 0
        return *capsys.readouterr(), bool(counted)

    return ask


@pytest.mark.parametrize("harm", [garbage, cut, holes, foreign, folder, no_folder])
def test_a_file_that_cannot_be_used_stands_in_no_ones_way(ask, harm):
    out, _, _ = ask()
    harm(path())
    assert ask() == (out, "", True)
    assert ask("--json", "-v")[0] == analyze("zoo:mlp").to_json() + "\n"


@pytest.mark.parametrize("harm", [garbage, holes, foreign, folder])
def test_verbose_tells_what_is_wrong_with_it(ask, harm):
    ask()
    harm(path())
    told = ask("-v")[1]
    assert told.startswith(f"cache not used: {path()}: ")
    assert f"\nanswer not kept: {path()}: " in told


def test_a_file_that_cannot_be_written_is_read(ask):
    out, _, _ = ask()
    path().chmod(0o400)
    path().parent.chmod(0o500)
    if os.access(path(), os.W_OK):
        pytest.skip("root may write everywhere")
    assert ask() == (out, "", False)
    assert ask("--train", "sgd")[2]
    assert "answer not kept: " in ask("--train", "sgd", "-v")[1]
    path().parent.chmod(0o700)


def test_a_file_that_is_busy_stands_in_no_ones_way(ask, monkeypatch):
    monkeypatch.setattr(store_module, "PATIENCE", 0.02)
    out, _, _ = ask()
    with closing(sqlite3.connect(path(), isolation_level=None)) as found:
        found.execute("BEGIN EXCLUSIVE")
        assert ask() == (out, "", True)
        assert "database is locked" in ask("-v")[1]
    assert ask() == (out, "", False)


def test_a_python_without_sqlite_counts(ask, monkeypatch):
    monkeypatch.delitem(sys.modules, "orderof.cli.kept.store")
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    assert ask()[2]
    assert ask("-v")[1].startswith("cache not used: ")


def test_the_zoo_opens_nothing():
    slow = ["sqlite3", "hashlib", "orderof.cli.kept.store", "orderof.cli.kept.answer"]
    code = (
        "import sys; from orderof.cli import main; main(['zoo:mlp', '--json']);"
        f"print([m for m in {slow} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stderr == "[]\n"


# --------------------------------------------------------------------------------------- the verb


def verb(capsys, *args: str) -> str:
    assert main(["cache", *args]) == 0
    return capsys.readouterr().out


def test_the_verb_lists_and_clears(ask, capsys):
    shown = verb(capsys)
    assert str(path()) in shown
    assert "answers   0\n" in shown
    assert not path().exists()
    ask("--train", "sgd")
    shown = verb(capsys)
    assert "answers   1\n" in shown
    assert "torchvision:fake --train sgd" in shown
    assert shown.endswith("Next: orderof cache --clear\n")
    assert "removed   1\n" in verb(capsys, "--clear")
    assert ask("--train", "sgd")[2]


@pytest.mark.parametrize("harm", [garbage, holes])
def test_the_verb_removes_what_is_damaged(ask, capsys, harm):
    ask()
    harm(path())
    assert main(["cache"]) == 2
    assert "\nhint: `orderof cache --clear` removes it\n" in capsys.readouterr().err
    assert "removed   " in verb(capsys, "--clear")
    assert ask()[2]
    assert not ask()[2]


def test_the_verb_leaves_what_belongs_to_others(ask, capsys):
    ask()
    foreign(path())
    for args in (["cache"], ["cache", "--clear"]):
        assert main(args) == 2
        assert "belongs to another program\nhint: move it away" in capsys.readouterr().err
    assert execute(Store(path()), "SELECT name FROM sqlite_master") == [("mine",)]


def test_an_older_mark_is_another_programs(store):
    store.put(KEY, "a question", b"body")
    execute(store, f"PRAGMA application_id = {MARK + 1}")
    with pytest.raises(UsageError, match="belongs to another program"):
        store.get(KEY)


# -------------------------------------------------------------------------------------- the place


@pytest.mark.parametrize(
    ("platform", "env", "want"),
    [
        ("linux", {}, "home/.cache/orderof"),
        ("linux", {"XDG_CACHE_HOME": "{}/xdg"}, "xdg/orderof"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "home/.cache/orderof"),
        ("linux", {"ORDEROF_CACHE_DIR": "{}/own", "XDG_CACHE_HOME": "{}/xdg"}, "own"),
        ("linux", {"ORDEROF_CACHE_DIR": ""}, "home/.cache/orderof"),
        ("darwin", {}, "home/Library/Caches/orderof"),
        ("darwin", {"XDG_CACHE_HOME": "{}/xdg"}, "xdg/orderof"),
        ("win32", {"LOCALAPPDATA": "{}/local"}, "local/orderof/Cache"),
    ],
)
def test_where_the_file_is(tmp_path, monkeypatch, platform, env, want):
    for name in ("ORDEROF_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, value in env.items():
        monkeypatch.setenv(name, value.format(tmp_path))
    monkeypatch.setattr(store_module.sys, "platform", platform)
    assert path().parent == tmp_path / want


def test_tests_have_a_place_of_their_own():
    assert "orderof-" in os.environ["ORDEROF_CACHE_DIR"]
    assert path().parent == Path(os.environ["ORDEROF_CACHE_DIR"])
