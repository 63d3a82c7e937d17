"""A mistake in a settings file is named, with the key and what it should be."""

from pathlib import Path

import pytest
from pydantic import Field

from lifecycle import configuration
from lifecycle.project import Failure


class Limits(configuration.Settings):
    most: float = Field(1, ge=0)


class Example(configuration.Settings):
    share: float = Field(0.5, gt=0, lt=1)
    limits: Limits = Limits()
    several: list[Limits] = Field([])
    named: dict[str, Limits | None] = Field({})
    name: str


def test_settings_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "example.yaml").write_text("name: a\nshare: 0.2\nlimits: {most: 3}\n")
    found = configuration.load(Example, "example")
    assert (found.name, found.share, found.limits.most) == ("a", 0.2, 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"nmae": "a", "name": "b"}, "conf/x.yaml: unknown key nmae: did you mean name?"),
        ({"name": "a", "limits": {"mots": 1}}, "conf/x.yaml: unknown key limits.mots: did you mean most?"),
        ({"name": "a", "several": [{"mots": 1}]}, "conf/x.yaml: unknown key several.0.mots: did you mean most?"),
        ({"name": "a", "named": {"b": {"mots": 1}}}, "conf/x.yaml: unknown key named.b.mots: did you mean most?"),
        ({"name": "a", "zzz": 1}, "conf/x.yaml: unknown key zzz; there are limits, name, named, several, share"),
        ({}, "conf/x.yaml: name is missing"),
        ({"nmae": "a"}, "conf/x.yaml: unknown key nmae: did you mean name?"),
        ({"name": "a", "share": 2}, "conf/x.yaml: share: it should be less than 1, not 2"),
        (
            {"name": "a", "limits": {"most": -1}},
            "conf/x.yaml: limits.most: it should be greater than or equal",
        ),
        ({"name": "a", "share": "much"}, "conf/x.yaml: share: it should be a valid number"),
    ],
)
def test_a_mistake_is_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(Failure) as failure:
        configuration.parse(Example, values, "conf/x.yaml")
    assert str(failure.value).startswith(message)
