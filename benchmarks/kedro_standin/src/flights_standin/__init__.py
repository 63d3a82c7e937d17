"""Flights standin
"""

__version__ = "0.1"
