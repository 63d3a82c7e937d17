"""The features: what the model gets to see of a row."""

from typing import Any

from sklearn.base import TransformerMixin

from lifecycle.development import defaults


def build(params: dict[str, Any]) -> TransformerMixin:
    """A transformer that has not been fitted; `params` is `features` in params.yaml."""
    return defaults.TableEncoder(**params)
