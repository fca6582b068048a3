"""The few numbers of a pipeline that a reviewer wants, and how far each may be from itself."""
