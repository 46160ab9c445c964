// The icons: inline SVG on a 24-unit grid, stroked in the text's colour.
// Used by every part of the interface; `fillIcons` puts them into the placeholders of index.html once.

/** @type {Record<string, string>} */
const SHAPES = {
  mic: '<rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5 11a7 7 0 0 0 14 0M12 18v3"/>',
  'mic-off':
    '<path d="M9 8.7V11a3 3 0 0 0 4.6 2.5M15 10.8V6a3 3 0 0 0-5.6-1.5M5 11a7 7 0 0 0 11 5.7M19 11a7 7 0 0 1-.7 3M12 18v3M4 3.5l16.5 16.5"/>',
  camera:
    '<rect x="2.5" y="6" width="13" height="12" rx="3"/><path d="m15.5 11 4.4-2.9a.7.700 0 0 1 1.1.600v6.6a.7.700 0 0 1-1.1.600L15.5 13"/>',
  'camera-off':
    '<path d="M8.5 6h4a3 3 0 0 1 3 3v3.5M15.4 15.7A3 3 0 0 1 12.5 18h-7a3 3 0 0 1-3-3V9c0-1.2.700-2.2 1.7-2.7M15.5 11l4.4-2.9a.7.700 0 0 1 1.1.600v7.1M3 3.5l17 17"/>',
  hangup:
    '<path fill="currentColor" stroke="none" d="M2.9 14.7c-.9-.9-1.1-2.2-.5-3.3C4.1 8.5 7.8 6.8 12 6.8s7.9 1.7 9.6 4.6c.6 1.1.4 2.4-.5 3.3l-.9.9c-.7.7-1.7.8-2.5.3l-1.9-1.3a2.1 2.1 0 0 1-.9-1.7v-1.4a9.6 9.6 0 0 0-5.8 0v1.4c0 .7-.3 1.3-.9 1.7l-1.9 1.3c-.8.5-1.8.400-2.5-.3z"/>',
  link: '<path d="M10 13.7a4 4 0 0 0 5.9.300l3-3a4 4 0 0 0-5.7-5.7L12 6.5"/><path d="M14 10.3a4 4 0 0 0-5.9-.3l-3 3a4 4 0 0 0 5.7 5.7l1.2-1.2"/>',
  check: '<path d="m5 12.8 4.5 4.4L19 7.5"/>',
  chart: '<path d="M5 20v-6.5M12 20V4.5M19 20V10"/>',
  people:
    '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 19.5a6.5 6.5 0 0 1 13 0M15.8 4.7a3.5 3.5 0 0 1 0 6.6M18.2 14.2a6.5 6.5 0 0 1 3.3 5.3"/>',
  alert:
    '<path d="M10.6 4.6 2.9 17.8A1.6 1.6 0 0 0 4.3 20.2h15.4a1.6 1.6 0 0 0 1.4-2.4L13.4 4.6a1.6 1.6 0 0 0-2.8 0zM12 9.7v4.3M12 17v.01"/>',
  info: '<circle cx="12" cy="12" r="8.8"/><path d="M12 11.2v5M12 7.8v.01"/>',
  refresh: '<path d="M19.5 12a7.5 7.5 0 1 1-2.3-5.4l2.3 2.3M19.5 4v4.9h-4.9"/>',
  shuffle: '<path d="M19.5 12a7.5 7.5 0 1 1-2.3-5.4l2.3 2.3M19.5 4v4.9h-4.9"/>',
  speaker: '<path d="M4 9.5v5h3.3L12 18.5v-13L7.3 9.5zM15.7 9.2a4 4 0 0 1 0 5.6M18.4 6.5a7.8 7.8 0 0 1 0 11"/>',
  chat: '<path d="M4 6.500a2.500 2.500 0 0 1 2.500-2.500h11a2.500 2.500 0 0 1 2.500 2.500v7a2.500 2.500 0 0 1-2.500 2.500H11l-4.500 4v-4A2.500 2.500 0 0 1 4 13.500zM8.500 8.500h7M8.500 11.700h4.500"/>',
  attach:
    '<path d="m19.500 11.300-7.600 7.600a4.600 4.600 0 0 1-6.500-6.500l7.900-7.900a3.100 3.100 0 0 1 4.400 4.400l-7.900 7.900a1.600 1.600 0 0 1-2.200-2.200l7.100-7.100"/>',
  send: '<path d="M4.500 12 3.500 4.500l17 7.500-17 7.500zM4.500 12h7.500"/>',
  file: '<path d="M13.500 3.500h-6A2 2 0 0 0 5.500 5.500v13a2 2 0 0 0 2 2h9a2 2 0 0 0 2-2v-10zM13.500 3.500v5h5"/>',
  arrow: '<path d="M5 12h14M13 6l6 6-6 6"/>',
  close: '<path d="m6.5 6.5 11 11M17.5 6.5l-11 11"/>',
};

/**
 * @param {string} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  svg.innerHTML = SHAPES[name] ?? '';
  return svg;
}

/**
 * Fills every element with `data-icon` that has no icon yet.
 * @param {ParentNode} root
 */
export function fillIcons(root) {
  for (const element of root.querySelectorAll('[data-icon]')) {
    if (!element.querySelector('svg')) element.prepend(icon(/** @type {HTMLElement} */ (element).dataset.icon ?? ''));
  }
}
