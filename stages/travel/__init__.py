"""Finished units carried from one machine to another in one file, and checked on arrival."""
