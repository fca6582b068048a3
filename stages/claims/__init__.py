"""From measurements to verdicts: for every claim of the paper the rule that decides it, and words.

The rules take what stages have measured and the thresholds of the section `claims` of the
parameters, and return a `stages.claims.verdict.Verdict`. They lie in rooms by
subject and read no files: `pipelines` and `by_network` do. Nothing else in this repository
judges.
"""
