"""What people do to the text of a project between two climbs. Each function is one habit: it changes the files and says
what it did, or None where there was nothing to do it to."""

import re
from difflib import SequenceMatcher

from hypothesis import strategies as st

from tests.climbs.life import Life, is_seed, is_text

PACKAGE = "src/living_project"
OWN = (
    f"{PACKAGE}/ours.py",
    f"{PACKAGE}/sources/ours.py",
    "src/lifecycle/deployment/shout.py",
    "tests/test_ours.py",
    "tests/lifecycle/data/test_ours.py",
    "notebooks/look.ipynb",
    "docs/ours.md",
    "docs/Über uns.md",
    "docs/decisions/0002-ours.md",
    "conf/ours.yaml",
    "scripts/nightly.sh",
    ".github/workflows/nightly.yml",
    ".gitlab/ci/nightly.yml",
    "pipeline/ours/dvc.yaml",
    "deploy/ours.yaml",
    "Makefile",
)
REQUIREMENTS = ("tabulate>=0.9", "tqdm>=4.60", "polars>=1,<2", "holidays>=0.50")


def rewrite_seed(life: Life) -> str | None:
    if not (path := life.pick(is_seed)):
        return None
    life.files[path] = life.text(path)
    return f"rewrote {path}"


def add_file(life: Life) -> str | None:
    path = life.one(OWN)
    if not life.free(path):
        return None
    life.files[path] = life.text(path)
    return f"added {path}"


def add_setting(life: Life) -> str | None:
    if not (path := life.pick(lambda path: path.startswith(("conf/", "params")))):
        return None
    life.count += 1
    life.files[path] += f"our_key_{life.count}: {life.count}\n".encode()
    return f"added a key to {path}"


def change_dependencies(life: Life) -> str | None:
    block = rb"^dependencies = \[(.*?)\]$"
    found = re.search(block, life.files.get("pyproject.toml", b""), re.DOTALL | re.MULTILINE)
    if not found:
        return None
    now = re.findall(rb'"([^"]+)"', found[1])
    new = life.draw(st.lists(st.sampled_from(REQUIREMENTS), unique=True)) + [
        line.decode() for line in now if life.draw(st.booleans())
    ]
    inner = "".join(f'\n    "{requirement}",' for requirement in dict.fromkeys(new))
    text = f"dependencies = [{inner}\n]" if inner else "dependencies = []"
    before = life.files["pyproject.toml"]
    life.files["pyproject.toml"] = before[: found.start()] + text.encode() + before[found.end() :]
    return f"made the dependencies {new}"


def add_table(life: Life) -> str | None:
    if "pyproject.toml" not in life.files:
        return None
    life.count += 1
    lines = life.lines("pyproject.toml")
    starts = [number for number, line in enumerate(lines) if line.startswith(b"[")]
    at = life.one([*starts, len(lines)])
    lines.insert(at, f"[tool.ours_{life.count}]\nnumber = {life.count}\n\n".encode())
    life.files["pyproject.toml"] = b"".join(lines)
    return f"added a table to pyproject.toml before line {at + 1}"


def insert_lines(life: Life) -> str | None:
    if not (path := life.pick()):
        return None
    lines = life.lines(path)
    at = life.place(lines)
    lines[at:at] = [life.line(path) for _ in range(life.draw(st.integers(1, 3)))]
    life.files[path] = b"".join(lines)
    return f"added lines to {path} at line {at + 1}"


def replace_line(life: Life) -> str | None:
    path = life.pick()
    if not path or not (lines := life.lines(path)):
        return None
    at = life.draw(st.integers(0, len(lines) - 1))
    lines[at] = life.line(path)
    life.files[path] = b"".join(lines)
    return f"replaced line {at + 1} of {path}"


def delete_lines(life: Life) -> str | None:
    path = life.pick()
    if not path or not (lines := life.lines(path)):
        return None
    at = life.draw(st.integers(0, len(lines) - 1))
    many = life.draw(st.integers(1, 4))
    life.files[path] = b"".join(lines[:at] + lines[at + many :])
    return f"deleted {many} lines of {path} from line {at + 1}"


def repeat_block(life: Life) -> str | None:
    """Copy a block and change the copy, as people do with CI jobs."""
    path = life.pick()
    if not path or len(lines := life.lines(path)) < 4:
        return None
    at = life.draw(st.integers(0, len(lines) - 4))
    many = life.draw(st.integers(2, 12))
    block = [*lines[at : at + many], life.line(path)]
    life.files[path] = b"".join(lines[: at + many] + block + lines[at + many :])
    return f"repeated {many} lines of {path} from line {at + 1}"


def reformat(life: Life) -> str | None:
    """Run another formatter over a file."""
    if not (path := life.pick()):
        return None
    old, new = life.one([(b'"', b"'"), (b"    ", b"\t"), (b"  ", b"   "), (b"\n\n", b"\n")])
    life.files[path] = life.files[path].replace(old, new)
    return f"replaced {old!r} by {new!r} in {path}"


def take_hunk(life: Life) -> str | None:
    """Bring a change of the template's before it comes, as who reads its repository does."""
    goal = life.goal
    path = life.pick(lambda path: path in goal and is_text(goal[path]) and goal[path] != life.files[path])
    if not path:
        return None
    now, then = life.lines(path), goal[path].splitlines(keepends=True)
    hunks = [code for code in SequenceMatcher(None, now, then, autojunk=False).get_opcodes() if code[0] != "equal"]
    _, i1, i2, j1, j2 = life.one(hunks)
    life.files[path] = b"".join(now[:i1] + then[j1:j2] + now[i2:])
    return f"took the template's next lines {j1 + 1}-{j2} of {path}"


def turn_line_endings(life: Life) -> str | None:
    """Save with CRLF, in a repository that stores line endings as they are typed or in one that does not."""
    if not (path := life.pick()):
        return None
    life.files[path] = life.files[path].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if stored := life.draw(st.booleans()):
        life.files[".gitattributes"] = b"* -text\n"
    return f"turned {path} to CRLF{', with * -text in .gitattributes' if stored else ''}"


def change_encoding(life: Life) -> str | None:
    if not (path := life.pick()):
        return None
    encoding = life.one(["latin-1", "utf-8-sig", "utf-16"])
    text = life.files[path].decode("utf-8", errors="replace") + life.line(path).decode().replace("Ours", "Unsé")
    life.files[path] = text.encode(encoding, errors="replace")
    return f"saved {path} as {encoding}"


def drop_last_newline(life: Life) -> str | None:
    if not (path := life.pick()):
        return None
    life.files[path] = life.files[path].rstrip()
    return f"took the last newline from {path}"


def ignore_folder(life: Life) -> str | None:
    """Let .gitignore hide a folder that the template writes to."""
    name = life.one(["/deploy/", "/docs/", "*.yaml", "/tests/", "/ours/", "*.json"])
    life.files[".gitignore"] = life.files.get(".gitignore", b"") + f"{name}\n".encode()
    return f"added {name} to .gitignore"
