"""Seeds with validity: checked before a build, compared between builds."""
