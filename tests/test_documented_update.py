"""Every line that tells people to run `copier update` protects them from its worst silent failure."""

import re

from tests import ladder

LINE = re.compile(r"uvx copier update [^`\n]*")


def test_every_documented_update_gives_the_whole_file_as_context() -> None:
    names = ladder.run(
        ["git", "ls-files", "README.md", "CONTRIBUTING.md", "copier.yml", "docs", "template"], ladder.ROOT
    )
    texts = {name: (ladder.ROOT / name).read_bytes().decode("utf-8", "ignore") for name in names.stdout.splitlines()}
    lines = {name: found for name, text in texts.items() if (found := LINE.findall(text))}
    assert "README.md" in lines and "template/MATURITY.md.jinja" in lines
    for name, found in lines.items():
        assert all("--context-lines 100000" in line for line in found), name
