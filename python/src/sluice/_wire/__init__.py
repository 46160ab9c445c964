"""The wire: classes generated from fbs/, their checks, and their way to bytes and back."""
