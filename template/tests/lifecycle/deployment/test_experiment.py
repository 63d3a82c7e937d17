"""The experiment in conf/experiment.yaml can be designed."""

from lifecycle.deployment.experiments import design
from lifecycle.deployment.serving import experiment


def test_the_experiment_that_is_set_can_be_designed(workspace: object) -> None:
    setting = experiment.current()
    assert setting is not None
    plan, size = design.planned(setting)
    assert plan.looks == setting.looks
    assert min(size.champion, size.challenger) >= design.FEWEST * plan.looks
