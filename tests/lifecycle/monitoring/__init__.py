"""The tests of lifecycle/monitoring."""
