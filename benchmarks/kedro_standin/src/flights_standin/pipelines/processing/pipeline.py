from kedro.pipeline import Node, Pipeline

from .nodes import create_model_input_table, preprocess_flights


def create_pipeline(**kwargs) -> Pipeline:
    return Pipeline(
        [
            Node(
                func=preprocess_flights,
                inputs="flights",
                outputs="preprocessed_flights",
                name="preprocess_flights_node",
            ),
            Node(
                func=create_model_input_table,
                inputs=["preprocessed_flights", "params:model_options"],
                outputs="model_input_table",
                name="create_model_input_table_node",
            ),
        ]
    )
