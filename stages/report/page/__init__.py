"""The report: all that was found, at every scale, as one web page that needs nothing else."""
