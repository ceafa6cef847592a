"""From delivered files to published versions: contracts, load, build, publish."""
