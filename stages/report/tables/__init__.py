"""The tables of the READMEs, in Markdown, each made from a file of results."""
