"""What larger machines would bring, by simulation from measured rates; beside the pipeline."""
