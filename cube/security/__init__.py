"""Authentication, and what a user may see."""
