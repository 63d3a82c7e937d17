"""What the table holds, conf/data.yaml, and which rows are held out to test the model."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from .. import configuration
from ..configuration import Settings
from ..project import Failure, conf

if TYPE_CHECKING:
    from numpy import ndarray
    from pandas import DataFrame, Series

    from .describe import Roles

    Sides = tuple[ndarray, ndarray]


class DataSettings(Settings):
    """conf/data.yaml."""

    problem_type: Literal["classification", "regression"]
    path: str
    target: str
    time: str | None = Field(None, alias="time_column")
    id: str | None = Field(None, alias="id_column")
    group: str | None = Field(None, alias="group_column")
    weight: str | None = Field(None, alias="weight_column")
    sensitive: list[str] = Field([], alias="sensitive_columns")
    use_sensitive: bool = False
    ignored: list[str] = Field([], alias="ignore")
    holdout: float = Field(0.2, gt=0, lt=1)

    @field_validator("sensitive", "ignored", mode="before")
    @classmethod
    def listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value or []


def settings() -> DataSettings:
    """What conf/data.yaml says; raises Failure, naming the key, if it makes no sense."""
    return configuration.load(DataSettings, "data")


def holdout(frame: "DataFrame") -> tuple["DataFrame", "DataFrame", str]:
    """Rows to learn from, rows to test with, and how they were split.

    With a time column the newest rows are held out, because the model will meet newer ones. Rows of
    one group are never on both sides. Raises Failure if the settings cannot be met."""
    from sklearn.model_selection import train_test_split

    from .describe import roles

    role, share = roles(frame), settings().holdout
    target = frame[role.target]
    if role.time:
        train, test, how = newest(frame, role, share)
    elif role.group:
        groups, count = frame[role.group], max(round(1 / share), 2)
        train, test = next(shuffled(target, groups, min(count, groups.nunique()), 0))
        how = f"at random, {groups.iloc[test].nunique()} of {groups.nunique()} {role.group} whole"
    else:
        counts = target.value_counts()
        strata = target.where(target.map(counts) > 1, counts.index[0])
        even = role.problem_type == "classification" and len(counts) < share * len(frame)
        split = {"test_size": share, "random_state": 0, "stratify": strata if even else None}
        train, test = train_test_split(range(len(frame)), **split)
        how = "at random" + (", each class in its share" if even else "")
    if target.iloc[train].nunique() < 2:
        raise Failure(f"{how} is held out: the rows left to learn from have one {role.target!r}")
    if role.weight and not all(frame[role.weight].iloc[side].any() for side in (train, test)):
        raise Failure(f"{how} is held out: one side has no {role.weight!r} above 0")
    return frame.iloc[train], frame.iloc[test], how


def newest(frame: "DataFrame", role: "Roles", share: float) -> "tuple[ndarray, ndarray, str]":
    import numpy as np

    start = frame[role.time].quantile(1 - share, interpolation="nearest")
    late = (frame[role.time] >= start).to_numpy()
    train, test = sides = np.flatnonzero(~late), np.flatnonzero(late)
    how = f"the newest by {role.time}, from {start} on"
    if role.group:
        train, test = separated(sides, frame[role.group])
        if any(2 * len(kept) < len(side) for kept, side in zip((train, test), sides, strict=True)):
            raise Failure(
                f"most rows belong to a {role.group!r} with rows both before and after {start}: "
                "leave out time_column or group_column in conf/data.yaml"
            )
        how += f"; no {role.group} on both sides, {len(frame) - len(train) - len(test)} rows unused"
    return train, test, how


def separated(sides: "Sides", groups: "Series") -> "Sides":
    """Both sides of a split in time, as positions, without the rows that would put a group on both:
    it stays where it has more of its rows."""
    import numpy as np

    codes, names = groups.factorize()
    old, new = sides
    before, after = (np.bincount(codes[side], minlength=len(names)) for side in sides)
    return old[(before >= after)[codes[old]]], new[(before < after)[codes[new]]]


def shuffled(target: "Series", groups: "Series | None", count: int, seed: int) -> "Iterator[Sides]":
    """Folds at random, groups as a whole, each class in its share as far as it has rows enough;
    none if there are fewer rows or groups than folds."""
    from sklearn import model_selection as cut

    if (len(target) if groups is None else groups.nunique()) < count:
        return
    even = conf()["problem_type"] == "classification" and target.value_counts().min() >= count
    kinds = (cut.KFold, cut.StratifiedKFold, cut.GroupKFold, cut.StratifiedGroupKFold)
    kind = kinds[even + 2 * (groups is not None)]
    yield from kind(count, shuffle=True, random_state=seed).split(target, target, groups)
