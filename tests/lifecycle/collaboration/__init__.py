"""The tests of lifecycle/collaboration."""
