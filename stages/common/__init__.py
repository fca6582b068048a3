"""What every stage needs: checked parameters, side-by-side work, resuming, files."""
