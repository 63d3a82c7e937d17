"""How often `drift` names something: run by a project's own Python, with PROJECT_ROOT where its model is.

Prints the false alarms over 500 resamples of the reference, and how often a shift of 0.3 standard deviations in one
column is found, and named, in 100 samples of 1,000 rows. A sample is made of moving blocks (Kuensch 1989) of a day's
number of rows that begin anywhere, unlike the whole days by which the thresholds were found.
"""

import importlib
import json

import numpy as np

ROWS, SAMPLES, SHIFTED, SHIFT = 1_000, 500, 100, 0.3


def main() -> None:
    window, reference, profiles, thresholds, comparison, model, project, problem = (
        importlib.import_module(f"lifecycle.{name}")
        for name in (
            "monitoring.window",
            "monitoring.drift.reference",
            "monitoring.drift.reference_profile",
            "monitoring.drift.thresholds",
            "monitoring.drift.comparison",
            "development.model",
            "project",
            "problem",
        )
    )
    data = problem.part("data")
    scorer = model.load()
    _, test, *_ = data.split(data.load(project.data_path()))
    batch = window.make_batch(scorer, test)
    rows, times = reference.compared(batch), batch.times
    profile, chance = reference.profile_of(scorer), np.random.default_rng(20)
    order = times.to_numpy().argsort(kind="stable")
    block = round(len(rows) / times.dt.date.nunique())
    limit = thresholds.threshold(profile, ROWS)
    bins = {column.name: column.bins(rows[column.name]) for column in profile.columns}

    def drifted(**shifted: np.ndarray) -> list[str]:
        """What a report names of a sample."""
        starts = chance.integers(0, len(rows), -(-ROWS // block))
        drawn = order[((starts[:, None] + np.arange(block)).ravel() % len(rows))[:ROWS]]
        tally = profiles.Tally(profile)
        tally.rows = ROWS
        for counts, column in zip(tally.counts, profile.columns, strict=True):
            found = shifted.get(column.name, bins[column.name])[drawn]
            counts += np.bincount(found, minlength=column.size)
        return [change.column.name for change in comparison.compare(profile, tally, limit) if change.drifted]

    power = {}
    for column in profile.columns:
        if column.kind == "number":
            values = rows[column.name]
            found = column.bins(values + SHIFT * values.std())
            named = [drifted(**{column.name: found}) for _ in range(SHIFTED)]
            share = {"found": sum(map(bool, named)), "named": sum(column.name in names for names in named)}
            power[column.name] = {key: count / SHIFTED for key, count in share.items()}
    alarms = sum(bool(drifted()) for _ in range(SAMPLES))
    print(json.dumps({"alarms": alarms, "samples": SAMPLES, "power": power}))


if __name__ == "__main__":
    main()
