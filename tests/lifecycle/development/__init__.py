"""The tests of lifecycle/development."""
