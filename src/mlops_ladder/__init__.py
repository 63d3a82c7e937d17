"""MLOps Ladder: projects that move from notebook to operations one rung at a time."""
