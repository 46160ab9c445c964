/** What a scalability mode has: `L3T2_KEY` is three spatial layers, two temporal ones, and K-SVC. */
export interface ScalabilityMode {
  spatialLayers: number;
  temporalLayers: number;
  /** Spatial layers depend on each other at key frames only. */
  ksvc: boolean;
}

/** W3C webrtc-svc §6. What is no mode has one layer of each. */
export function parseScalabilityMode(scalabilityMode?: string): ScalabilityMode {
  const [, spatial = '1', temporal = '1', key] = /^[LS]([1-9]\d?)T([1-9]\d?)(_KEY)?/.exec(scalabilityMode ?? '') ?? [];
  return { spatialLayers: Number(spatial), temporalLayers: Number(temporal), ksvc: key !== undefined };
}
