"""The tests of lifecycle/deployment."""
