// A regular run finds what is broken; SLUICE_E2E=full watches longer, oftener and by tighter bounds, and takes the pictures.

export const FULL = process.env.SLUICE_E2E === 'full';
