"""The tests of lifecycle/governance."""
