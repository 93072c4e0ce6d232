"""How recipient files are read, mapped and judged."""
