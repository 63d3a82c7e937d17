"""The parts of a climb that decide: what is broken, what weighs how much, whose file it is, what people are asked."""

import functools
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mlops_ladder import __version__, advice, checks, cli, levels, merged, ownership, packages
from mlops_ladder.merge import BOTH_BROUGHT, BOTH_CHANGED, REMOVED, Conflict
from tests import ladder
from tests.test_levels import CAPABILITIES, claimed, template_files

NAME = {"project_name": "Living project"}
LEVELS = ladder.ROOT / "levels"
SEEDS = ownership.seeds(LEVELS)
BROKEN = {
    "not TOML": ({"a.toml": "[x]\n[x]\n"}, "a.toml"),
    "a key twice": ({"conf/a.yaml": "one: 1\ntwo:\n  x: 1\n  x: 2\n"}, "the key x stands 2 times"),
    "not YAML": ({"a.yml": "a: [\n"}, "a.yml"),
    "not JSON": ({"a.ipynb": "{,}\n"}, "a.ipynb"),
    "a group that is gone": (
        {"pyproject.toml": '[dependency-groups]\nserving = [{include-group = "level-1"}]\n'},
        "the group serving names the group level-1",
    ),
    "a default group that is gone": ({"pyproject.toml": '[tool.uv]\ndefault-groups = ["x"]\n'}, "names the group x"),
    "a stage twice": (
        {"pipeline/a/dvc.yaml": "stages: {train: {}}\n", "pipeline/b/dvc.yaml": "stages: {train: {}}\n"},
        "the stage train is in pipeline/a/dvc.yaml too",
    ),
}
SOUND = {
    "pyproject.toml": '[dependency-groups]\na = []\nb = [{include-group = "a"}]\n[tool.uv]\ndefault-groups = "all"\n',
    "pipeline/a/dvc.yaml": "stages: {train: {}}\n",
    "a.yaml": "base: &base {x: 1}\none: {<<: *base, x: 2}\ntwo: !reference [a, b]\n---\nthree: 3\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_named(case: str, tmp_path: Path) -> None:
    files, message = BROKEN[case]
    assert message in merged.problems(write(tmp_path, files), files)[0]


def test_what_is_sound_passes(tmp_path: Path) -> None:
    assert merged.problems(write(tmp_path, SOUND), SOUND) == []


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """A server with one package of 1,500,000 bytes."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "big-1.0-py3-none-any.whl").write_bytes(b"x" * 1_500_000)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_packages_are_weighed_by_the_lock_file_or_by_their_server(index: str, tmp_path: Path) -> None:
    wheel = '{{ url = "{}/{}-1.0-py3-none-any.whl"{} }}'
    entries = {
        "told": wheel.format(index, "told", ", size = 2000000"),
        "big": wheel.format(index, "big", ""),
        "gone": wheel.format(index, "gone", ""),
    }
    text = "".join(f'[[package]]\nname = "{n}"\nversion = "1.0"\nwheels = [{w}]\n' for n, w in entries.items())
    lock = write(tmp_path, {"uv.lock": text}) / "uv.lock"
    weight = packages.weigh(lock, {(name, "1.0") for name in entries})
    assert (weight.megabytes, weight.unweighed) == (3.5, ("gone",))


def test_a_conflict_is_advised_by_whose_file_it_is() -> None:
    expected = {
        ("conf/gates.yaml", BOTH_BROUGHT): "own",
        ("notes/mine.md", BOTH_CHANGED): "own",
        ("src/trial/model.py", BOTH_CHANGED): "seed",
        ("pyproject.toml", BOTH_CHANGED): "shared",
        ("src/lifecycle/cli.py", BOTH_CHANGED): "managed",
        ("src/lifecycle/cli.py", REMOVED): "managed",
    }
    for (path, why), whose in expected.items():
        conflict = Conflict(path, why, path)
        assert advice.kind(conflict, CAPABILITIES, SEEDS) == whose
        text = advice.advice(conflict, whose, "models/one/")
        assert "theirs`" not in text
        assert "{" not in text


def test_seeds_are_files_of_the_template() -> None:
    files = template_files()
    assert [seed for seed in SEEDS if not any(claimed(path, seed) for path in files)] == []


def test_no_switch_changes_a_seed(render: Callable[..., Path], tmp_path: Path) -> None:
    switches = {
        "ci": "gitlab",
        "tracking": "wandb",
        "artifact_store": "s3",
        "orchestrator": "dagster",
        "compute": "ray",
    }
    low, high = render(tmp_path / "low", level=1, **NAME), render(tmp_path / "high", level=2, **NAME, **switches)
    seeds = checks.owned(low, SEEDS)
    assert "README.md" in seeds
    assert [path for path in seeds if (low / path).read_bytes() != (high / path).read_bytes()] == []
    other = render(tmp_path / "other", level=2, **NAME)
    assert checks.owned(other, SEEDS) == checks.owned(high, SEEDS)
    assert [
        path for path in checks.owned(other, SEEDS) if (other / path).read_bytes() != (high / path).read_bytes()
    ] == []


def test_every_rung_has_a_first_command_and_asks_in_full_sentences() -> None:
    assert set(levels.first_commands(LEVELS)) == {capability.level for capability in CAPABILITIES}
    asked = [capability.asks for capability in CAPABILITIES if capability.asks]
    assert asked
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in asked)


def test_the_command_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert not ended.value.code
    assert capsys.readouterr().out == f"mlops-ladder {__version__}\n"
    assert __version__[0].isdigit()
