"""Appendices A, B and C, derived and measured."""
