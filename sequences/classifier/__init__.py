"""What a mail is, and by which words. Pure: what was read of it in, class out."""

from sequences.classifier.answer import SURE, Answer, Bounced, Kind
from sequences.classifier.classifying import classify
from sequences.classifier.mail import Mail, Recipient

__all__ = ["SURE", "Answer", "Bounced", "Kind", "Mail", "Recipient", "classify"]
