// Where the tiles go: the number of columns and the shape that make them as large as possible.
//
// Pictures are cropped a little (object-fit: cover), so a tile may be as narrow as 4:3, and on an upright phone as tall as
// 3:4, but never wider than 16:9. `layout` is arithmetic only; `Grid` applies it to elements. Used by the call screen.

const WIDEST = 16 / 9;
const NARROWEST_LANDSCAPE = 4 / 3;
const NARROWEST_PORTRAIT = 3 / 4;
/** How much larger a layout must make tiles to be worth an empty place in its last row. */
const EMPTY_PLACE_COST = 0.02;

/** @typedef {{ left: number, top: number, width: number, height: number }} Box */

/**
 * @param {number} count
 * @param {number} width   of the space, px
 * @param {number} height
 * @param {number} gap     between tiles, px
 * @returns {Box[]} one for each tile, row by row, the last row centred
 */
export function layout(count, width, height, gap) {
  if (count < 1 || width <= 0 || height <= 0) return [];
  const narrowest = height > width ? NARROWEST_PORTRAIT : NARROWEST_LANDSCAPE;
  let best = { score: -1, columns: 1, rows: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (width - gap * (columns - 1)) / columns;
    const cellHeight = (height - gap * (rows - 1)) / rows;
    if (cellWidth <= 0 || cellHeight <= 0) continue;
    const aspect = Math.min(WIDEST, Math.max(narrowest, cellWidth / cellHeight));
    const tileWidth = Math.min(cellWidth, cellHeight * aspect);
    const tileHeight = tileWidth / aspect;
    const score = tileWidth * tileHeight * (1 - EMPTY_PLACE_COST * (columns * rows - count));
    if (score > best.score) best = { score, columns, rows, width: tileWidth, height: tileHeight };
  }
  return place(count, width, height, gap, best);
}

/**
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @param {number} gap
 * @param {{ columns: number, rows: number, width: number, height: number }} tile
 * @returns {Box[]}
 */
function place(count, width, height, gap, tile) {
  const top = (height - tile.rows * tile.height - (tile.rows - 1) * gap) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / tile.columns);
    const inRow = Math.min(tile.columns, count - row * tile.columns);
    const left = (width - inRow * tile.width - (inRow - 1) * gap) / 2;
    return {
      left: Math.round(left + (index % tile.columns) * (tile.width + gap)),
      top: Math.round(top + row * (tile.height + gap)),
      width: Math.floor(tile.width),
      height: Math.floor(tile.height),
    };
  });
}

export class Grid {
  #stage;
  /** @type {HTMLElement[]} */
  #items = [];
  #observer;

  /** @param {HTMLElement} stage */
  constructor(stage) {
    this.#stage = stage;
    this.#observer = new ResizeObserver(() => this.#arrange());
    this.#observer.observe(stage);
  }

  /** Shows exactly these elements, in this order. @param {HTMLElement[]} items */
  show(items) {
    const same = items.length === this.#items.length && items.every((item, index) => item === this.#items[index]);
    if (same) return;
    for (const item of this.#items) if (!items.includes(item)) item.remove();
    // Moving a playing <video> in the document would restart it: only what is new is inserted, boxes do the ordering.
    for (const item of items) if (item.parentElement !== this.#stage) this.#stage.append(item);
    this.#items = items;
    this.#arrange();
  }

  close() {
    this.#observer.disconnect();
    for (const item of this.#items) item.remove();
    this.#items = [];
  }

  #arrange() {
    const style = getComputedStyle(this.#stage);
    const width = this.#stage.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = this.#stage.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const boxes = layout(this.#items.length, width, height, parseFloat(style.columnGap) || 8);
    this.#items.forEach((item, index) => {
      const box = boxes[index];
      if (!box) return;
      item.style.left = `calc(${style.paddingLeft} + ${box.left}px)`;
      item.style.top = `calc(${style.paddingTop} + ${box.top}px)`;
      item.style.width = `${box.width}px`;
      item.style.height = `${box.height}px`;
    });
  }
}
