"""Offer and answer with the names of W3C WebRTC: one RTCPeerConnection is one participant of a room."""

from .peer_connection import RTCPeerConnection
from .session_description import RTCSessionDescription

__all__ = ["RTCPeerConnection", "RTCSessionDescription"]
