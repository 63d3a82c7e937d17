"""A marked function is found, in the template's package and in the user's; nothing else is."""

import pytest

from lifecycle import cli, extensions
from lifecycle.project import Failure
from tests.lifecycle.conftest import Write


def test_a_marked_function_of_the_user_is_found_and_an_unmarked_one_is_not(write: Write) -> None:
    before = len(extensions.extensions("evidence"))
    write(
        "checks.py",
        """
        from lifecycle.extensions import extends

        @extends("evidence")
        def whatever():
            return iter(())

        def evidence():
            raise AssertionError("nobody marked this one")
        """,
    )
    found = extensions.extensions("evidence")
    assert len(found) == before + 1 and "whatever" in [function.__name__ for function in found]


def test_higher_precedence_comes_first(write: Write) -> None:
    names = {"low": 1, "high": 99, "middle": 50}
    for name, precedence in names.items():
        write(
            f"{name}.py",
            f"""
            from lifecycle import extensions as e

            @e.extends("policy", precedence={precedence})
            def {name}():
                return None
            """,
        )
    found = [function.__name__ for function in extensions.extensions("policy")]
    assert [name for name in found if name in names] == ["high", "middle", "low"]


def test_a_misspelt_point_is_named_with_the_one_that_was_meant(write: Write) -> None:
    write("mine.py", 'from lifecycle.extensions import extends\n\n\n@extends("evidense")\ndef mine(): ...\n')
    with pytest.raises(Failure, match=r"mine\.py extends 'evidense': did you mean 'evidence'"):
        extensions.places("evidence")


def test_a_point_of_a_higher_level_does_no_harm(write: Write) -> None:
    write("later.py", 'from lifecycle.extensions import extends\n\n\n@extends("something_else")\ndef mine(): ...\n')
    assert [place.module for place in extensions.places("something_else")] == ["own_package.later"]


def test_a_command_of_the_user_is_a_command(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        "say_hello.py",
        '''
        """Say hello.

        Examples:
          {name} say-hello
        """

        from lifecycle.extensions import extends

        @extends("command")
        def greet(parser):
            parser.add_argument("--who", default="world")
            return lambda arguments: {"greeting": f"hello {arguments.who}"}
        ''',
    )
    assert "say-hello" in cli.overview()
    assert cli.run("say-hello", ["--who", "you", "--json"]) == 0
    assert "hello you" in capsys.readouterr().out


def test_two_commands_of_one_name_are_refused(write: Write) -> None:
    write("train.py", 'from lifecycle.extensions import extends\n\n\n@extends("command")\ndef mine(parser): ...\n')
    with pytest.raises(Failure, match="commands of one name"):
        cli.commands()


def test_a_gate_of_the_user_is_a_gate_and_its_options_are_checked(write: Write) -> None:
    pytest.importorskip("lifecycle.deployment.gate", exc_type=ImportError)
    from lifecycle.deployment.gate import chosen_gates
    from lifecycle.development.evaluation.measure_settings import Gates

    write(
        "profit.py",
        """
        from lifecycle.configuration import Settings
        from lifecycle.deployment.gates.verdicts import verdict
        from lifecycle.extensions import extends

        class ProfitOptions(Settings):
            least: float

        @extends("gate")
        def profit(found, options: ProfitOptions):
            value = found["metrics"]["profit"]["value"]
            yield verdict("profit", value >= options.least, f"{value} euros a day")
        """,
    )
    gate = chosen_gates(Gates(gates={"profit": {"least": 100}}))["profit"]
    assert [[one["passed"] for one in gate({"metrics": {"profit": {"value": v}}})] for v in (99, 100)] == [[0], [1]]
    with pytest.raises(Failure, match=r"gates\.profit: unknown key leats: did you mean least"):
        chosen_gates(Gates(gates={"profit": {"leats": 100}}))
