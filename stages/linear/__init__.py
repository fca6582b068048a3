"""The recurrence on matrices and on the complex plane, and its peers (section 2)."""
