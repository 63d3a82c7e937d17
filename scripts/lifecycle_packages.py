"""Print what template/src/lifecycle needs to run here: the packages of levels/ for every choice but the heavy ones."""

from pathlib import Path

from mlops_ladder import levels

ANSWERS = {"artifact_store": ["local"], "compute": ["local"], "tracking": ["mlflow", "wandb"]}


def main() -> None:
    """One requirement a line."""
    capabilities = levels.read(Path(__file__).parents[1] / "levels")
    items = [item for one in capabilities for item in (*one.packages, *one.tools)]
    print(*dict.fromkeys(item.name for item in items if wanted(item)), sep="\n")


def wanted(item: levels.Item) -> bool:
    """Whether the choices that bring a package are among those that are tried here."""
    return all(
        set(values) & set(ANSWERS.get(name, values)) for choices in item.when for name, values in choices.items()
    )


if __name__ == "__main__":
    main()
