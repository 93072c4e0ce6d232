"""What stands against all mail at once: halts, a database that may not send, opt-outs that may be waiting elsewhere.

These rules come first: whoever asks why nothing goes reads it at the top.
"""
