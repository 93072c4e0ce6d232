"""Names the epochs of an installation: a new one begins with each arming, and two of one number are not the same."""

import secrets


def number_of(epoch: str) -> int:
    """The how manieth it is; 0 for none."""
    number, _dot, _word = epoch.partition(".")
    return int(number) if number.isdecimal() else 0


def after(*known: str) -> str:
    """A new epoch, later than all of these. What is drawn tells it from another that was begun elsewhere."""
    return f"{max(map(number_of, known), default=0) + 1}.{secrets.token_hex(6)}"


def is_older(epoch: str, known: str) -> bool:
    """Whether `epoch` came before `known`, or beside it: then whoever knows that one has the later word."""
    return epoch != known and number_of(epoch) <= number_of(known)
