"""The template in four releases: as it is, with changed text, with one more capability, and with one more question."""

from pathlib import Path

from mlops_ladder import promises
from tests import ladder

MANAGED = ("src/lifecycle/**/*.py*", "tests/**/*.py*", ".git*/**/*.yml*", "deploy/*", "pipeline/*/*")
CAPABILITY = """
  - id: O9
    name: heartbeat
    dimension: monitoring
    promise: The service says every minute that it is alive.
    proof: tests/lifecycle/monitoring/test_heartbeat.py
    requires: [O1]
    packages:
      - "heartbeat>=1,<2"
    tools: []
    files:
      - docs/heartbeat.md
      - src/lifecycle/monitoring/heartbeat.py
      - tests/lifecycle/monitoring/test_heartbeat.py
"""
HEARTBEAT_TEST = """from pathlib import Path


def test_the_service_says_how_often_it_beats() -> None:
    (module,) = Path("src").glob("*/monitoring/heartbeat.py")
    assert "EVERY = 60" in module.read_text(encoding="utf-8")
"""
NOTIFIED = "      - {path: src/lifecycle/monitoring/chat.py, when: {messenger: chat}}\n"
QUESTION = """messenger:
  type: str
  default: chat
  choices: [chat, mail]
  ask: "{{ level >= 1 }}"
  help: Where do alerts go? Pick chat unless people read their mail.

# --- Computed ---
"""


def releases(folder: Path) -> None:
    """A repository with the tags 0.1.0 to 0.4.0."""
    ladder.clone(folder)
    for tag, change in {"0.2.0": revise, "0.3.0": add_capability, "0.4.0": add_question}.items():
        change(folder)
        ladder.commit(folder, f"Release {tag}")
        ladder.git(folder, "tag", tag)


def revise(folder: Path) -> None:
    """Change the text of most managed files, and nothing of what it means."""
    template = folder / "template"
    for path in sorted({path for pattern in MANAGED for path in template.glob(pattern) if path.is_file()}):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(revised(lines)), encoding="utf-8")


def revised(lines: list[str]) -> list[str]:
    """A comment added near the top, one at the end of a line in the middle, and a blank line less near the end."""
    lines = list(lines)
    top = [number for number, line in enumerate(lines) if line[0] not in ' \n#{")]}']
    opening = [number for number, line in enumerate(lines) if line.endswith(":\n")]
    blank = [number for number, line in enumerate(lines) if line == "\n"]
    if blank:
        lines[blank[len(blank) * 8 // 10]] = ""
    if opening:
        lines[opening[len(opening) // 2]] = lines[opening[len(opening) // 2]].replace(":\n", ":  # since 0.2.0\n")
    if top:
        lines[top[len(top) // 5]] = "# Said more clearly in 0.2.0.\n" + lines[top[len(top) // 5]]
    return lines


def add_capability(folder: Path) -> None:
    """Files of level 1, an entry for them, and a package, which lengthens pyproject.toml's marked zone."""
    append(folder / "levels" / "1-devops.yml", CAPABILITY)
    package = folder / "template/src/lifecycle/monitoring"
    append(package / "heartbeat.py", '"""Say that the service is alive."""\n\nEVERY = 60\n')
    append(folder / "template/tests/lifecycle/monitoring/test_heartbeat.py", HEARTBEAT_TEST)
    append(folder / "template/docs/heartbeat.md", "# Heartbeat\n\nEvery minute.\n")
    promises.write(folder)


def add_question(folder: Path) -> None:
    """A switch that brings a file and stands in the text of another."""
    replace(folder / "copier.yml", "# --- Computed ---\n", QUESTION)
    replace(folder / "levels/applies.jinja", "'compute': compute,", "'compute': compute, 'messenger': messenger,")
    append(folder / "levels" / "1-devops.yml", NOTIFIED, after="      - docs/heartbeat.md\n")
    package = folder / "template/src/lifecycle/monitoring"
    append(package / "chat.py", '"""Write to the chat."""\n\nROOM = "models"\n')
    (package / "heartbeat.py").unlink()
    text = '"""Say that the service is alive."""\n\nEVERY = 60\nWHERE = "{{ messenger }}"\n'
    append(package / "heartbeat.py.jinja", text)


def append(path: Path, text: str, after: str | None = None) -> None:
    """Add text at the end of a file, or after a piece of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if after is None:
        path.write_text(before + text, encoding="utf-8")
    else:
        replace(path, after, after + text)


def replace(path: Path, old: str, new: str) -> None:
    """Change a piece of a file that stands there once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")
