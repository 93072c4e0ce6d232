"""The demonstration: the whole story on sample people, through the same code as production."""
