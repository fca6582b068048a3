"""Texts and tables that stages write: Markdown, and web pages that need nothing else."""
