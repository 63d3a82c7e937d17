"""From the raw table to the model's input."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
