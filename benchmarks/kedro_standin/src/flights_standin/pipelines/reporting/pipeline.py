from kedro.pipeline import Node, Pipeline

from .nodes import confusion_matrix, delays_by_carrier, delays_by_hour


def create_pipeline(**kwargs) -> Pipeline:
    return Pipeline(
        [
            Node(func=delays_by_carrier, inputs="preprocessed_flights", outputs="delays_by_carrier"),
            Node(func=delays_by_hour, inputs="preprocessed_flights", outputs="delays_by_hour"),
            Node(
                func=confusion_matrix,
                inputs=["classifier", "X_test", "y_test"],
                outputs="confusion_matrix",
            ),
        ]
    )
