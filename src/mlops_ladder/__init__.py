"""MLOps Ladder: projects that move from notebook to operations one rung at a time."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("mlops-ladder")
except PackageNotFoundError:  # run from a folder that was never installed
    __version__ = "unknown"
