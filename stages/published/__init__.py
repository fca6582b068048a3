"""The authors' published curves, and ours beside them, on the trained batch and on new inputs."""
