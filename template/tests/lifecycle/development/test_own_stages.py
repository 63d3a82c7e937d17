"""Every stage of the pipeline, yours included, calls a command that the project has."""

from pathlib import Path

from lifecycle import cli, project

STAGES = sorted((Path(__file__).parents[3] / "pipeline").glob("*/dvc.yaml"))


def test_each_stage_calls_a_command_that_is_there() -> None:
    commands = set(cli.commands())
    called: dict[str, str] = {}
    for file in STAGES:
        for name, stage in project.read_yaml(file)["stages"].items():
            _, marked, arguments = str(stage.get("cmd", "")).partition("-m lifecycle.cli ")
            called |= {name: arguments.split()[0]} if marked else {}
    assert called and {name: own for name, own in called.items() if own not in commands} == {}
