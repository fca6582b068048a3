"""From measurements to verdicts: for every claim of the paper the rule that decides it, and words.

A judge reads no files: it takes what a stage has measured and the thresholds of the section
`claims` of params.yaml, and returns a `stages.claims.verdict.Verdict`.
"""
