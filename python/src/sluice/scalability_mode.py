from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from ._wire.kinds import FLAG, U32, Field
from ._wire.table import Table


@dataclass(kw_only=True, slots=True)
class ScalabilityMode(Table):
    """What a scalability mode has: `L3T2_KEY` is three spatial layers, two temporal ones, and K-SVC."""

    _fields: ClassVar[tuple[Field, ...]] = (
        Field("spatial_layers", "spatialLayers", U32),
        Field("temporal_layers", "temporalLayers", U32),
        Field("ksvc", "ksvc", FLAG),
    )
    spatial_layers: int
    temporal_layers: int
    ksvc: bool
    """Spatial layers depend on each other at key frames only."""


def parse_scalability_mode(scalability_mode: str | None = None) -> ScalabilityMode:
    """W3C webrtc-svc §6. What is no mode has one layer of each."""
    match = re.match(r"[LS]([1-9]\d?)T([1-9]\d?)(_KEY)?", scalability_mode or "", re.ASCII)
    spatial, temporal, key = match.groups() if match else ("1", "1", None)
    return ScalabilityMode(spatial_layers=int(spatial), temporal_layers=int(temporal), ksvc=key is not None)
