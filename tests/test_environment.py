"""An environment that is linked for another project is that project's, and the first one stays as it was."""

from pathlib import Path

from tests import ladder
from tests.tools import environment


def test_a_linked_environment_starts_its_own_python(tmp_path: Path) -> None:
    one, other = tmp_path / "one" / ".venv", tmp_path / "other" / ".venv"
    ladder.run(["uv", "venv", "--quiet", one], tmp_path)
    (one / "lib" / "compiled.pyc").write_bytes(b"code")
    (one / "lib" / "half.pyc.1234").write_bytes(b"co")
    script = one / "bin" / "where"
    script.write_text(f"#!{one}/bin/python\nimport sys\nprint(sys.prefix)\n", encoding="utf-8")
    script.chmod(0o755)
    before = script.read_bytes()

    environment.link(one, other)
    assert [ladder.run([here / "bin" / "where"], tmp_path).stdout.strip() for here in (one, other)] == [
        str(one),
        str(other),
    ]
    assert script.read_bytes() == before
    assert (other / "lib" / "compiled.pyc").samefile(one / "lib" / "compiled.pyc")
    assert not (other / "lib" / "half.pyc.1234").exists()
