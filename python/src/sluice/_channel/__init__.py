"""The control channel to one worker (docs/control-protocol.md)."""
