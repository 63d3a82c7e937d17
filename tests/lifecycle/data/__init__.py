"""The tests of lifecycle/data."""
