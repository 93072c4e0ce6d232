"""Recipient files on their way in: read, mapped to fields, judged row by row."""
