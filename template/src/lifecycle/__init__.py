"""The machinery of a model's life; MLOps Ladder writes it, and your package lies beside it."""

import os

# Threads that wait must not burn the processor that others need: on a busy machine, or in a
# container with fewer processors than its host, a training takes ten times as long otherwise.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
