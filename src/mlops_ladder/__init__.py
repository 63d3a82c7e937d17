"""MLOps Ladder: projects that move from notebook to operations one rung at a time."""


def __getattr__(name: str) -> str:
    """`__version__`, looked up when asked for: reading metadata takes longer than `--help` may."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("mlops-ladder")
    except PackageNotFoundError:
        return "unknown"  # a folder that was never installed
