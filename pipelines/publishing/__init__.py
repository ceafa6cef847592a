"""A sealed build becomes the version that readers see, and how that is held or taken back."""
