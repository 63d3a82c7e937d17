"""The tests of lifecycle."""
