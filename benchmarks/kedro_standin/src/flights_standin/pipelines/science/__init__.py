"""The model, trained and tested."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
