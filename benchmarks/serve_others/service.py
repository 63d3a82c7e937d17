"""The same model behind BentoML, with its adaptive batching."""

from typing import Any

import bentoml
import pandas as pd

from lifecycle.development import model


@bentoml.service(workers=1, traffic={"timeout": 60}, logging={"access": {"enabled": False}})
class Bento:
    def __init__(self) -> None:
        self.model = model.load()

    @bentoml.api(batchable=True, max_batch_size=10_000, max_latency_ms=60_000)
    def predict(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return self.model.predict(pd.DataFrame(rows)).to_dict("records")
