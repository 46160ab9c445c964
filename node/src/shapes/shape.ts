// Shapes: each says once how a value of the public API looks, and from that comes its check, its way to the wire and back.
//
// toWire never trusts: callers hand over what a client sent. It throws InvalidArgumentError with the path of the field.
import { InvalidArgumentError } from '../errors.js';

export interface Shape<Plain, Wire = unknown> {
  toWire(value: unknown, path: string): Wire;
  fromWire(wire: Wire): Plain;
}

/** `"abc"`, `[1,2]`, `undefined`: for messages, cut short. */
function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}

export function wrong(path: string, expected: string, value: unknown): InvalidArgumentError {
  return new InvalidArgumentError(path, value === undefined ? `missing, expected ${expected}` : `expected ${expected}, got ${show(value)}`);
}

export const text: Shape<string, string | Uint8Array | null> = {
  toWire(value, path) {
    if (typeof value !== 'string') throw wrong(path, 'a string', value);
    return value;
  },
  fromWire: (wire) => String(wire ?? ''),
};

export const flag: Shape<boolean, boolean> = {
  toWire(value, path) {
    if (typeof value !== 'boolean') throw wrong(path, 'a boolean', value);
    return value;
  },
  fromWire: (wire) => wire,
};

/** An integer in [min, max]. */
export function integer(min: number, max: number): Shape<number, number> {
  return {
    toWire(value, path) {
      if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
        throw wrong(path, `an integer from ${min} to ${max}`, value);
      }
      return value;
    },
    fromWire: (wire) => wire,
  };
}

export const uint8 = integer(0, 0xff);
export const uint16 = integer(0, 0xffff);
export const uint32 = integer(0, 0xffff_ffff);

/** A number that only the worker sends; 64 bits there. */
export const counter: Shape<number, bigint> = {
  toWire: (value, path) => BigInt(integer(0, Number.MAX_SAFE_INTEGER).toWire(value, path)),
  fromWire: Number,
};

/** A floating-point number that only the worker sends. */
export const real: Shape<number, number> = {
  toWire(value, path) {
    if (typeof value !== 'number') throw wrong(path, 'a number', value);
    return value;
  },
  fromWire: (wire) => wire,
};

type WireEnum = Record<string, string | number>;

/** Enumerators ↔ their names in lower case. `Names` is the public union of them. */
export function choice<Names extends string, Enum extends number>(wireEnum: WireEnum): Shape<Names, Enum> {
  const names = Object.keys(wireEnum).filter((key) => typeof wireEnum[key] === 'number');
  const byName = new Map(names.map((name) => [name.toLowerCase(), wireEnum[name] as Enum]));
  return {
    toWire(value, path) {
      const number = typeof value === 'string' ? byName.get(value) : undefined;
      if (number === undefined) throw wrong(path, `one of ${[...byName.keys()].join(', ')}`, value);
      return number;
    },
    fromWire: (wire) => String(wireEnum[wire]).toLowerCase() as Names,
  };
}

export function list<Plain, Wire>(item: Shape<Plain, Wire>): Shape<Plain[], Wire[]> {
  return {
    toWire(value, path) {
      if (!Array.isArray(value)) throw wrong(path, 'an array', value);
      return value.map((element, index) => item.toWire(element, `${path}[${index}]`));
    },
    fromWire: (wire) => wire.map((element) => item.fromWire(element)),
  };
}

/** How one field of a structure is treated when it is not given, or empty on the wire. */
interface Field {
  shape: Shape<unknown>;
  need: 'required' | 'optional' | 'default';
  value?: unknown;
}

/** Must be given. */
export function required(shape: Shape<unknown>): Field {
  return { shape, need: 'required' };
}

/** May be left out; then it is null on the wire, and null or "" there is left out. */
export function optional(shape: Shape<unknown>): Field {
  return { shape, need: 'optional' };
}

/** May be left out; then it is `value` on the wire. Always present on the way back. */
export function withDefault(shape: Shape<unknown>, value: unknown): Field {
  return { shape, need: 'default', value };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws when `value` is no object; for options whose type says that they are. */
export function needObject(value: unknown, path: string): void {
  if (!isObject(value)) throw wrong(path, 'an object', value);
}

/** A table. Its fields have the same names on the wire. Fields that are not in the table are ignored. */
export function struct<Plain extends object, Wire extends object>(
  make: new () => Wire,
  fields: Record<keyof Plain & string, Field>,
): Shape<Plain, Wire> {
  const entries = Object.entries<Field>(fields);
  return {
    toWire(value, path) {
      if (!isObject(value)) throw wrong(path === '' ? 'options' : path, 'an object', value);
      const wire = new make() as Record<string, unknown>;
      for (const [name, { shape, need, value: fallback }] of entries) {
        const given = value[name] ?? fallback;
        if (given === undefined && need === 'optional') continue;
        wire[name] = shape.toWire(given, path === '' ? name : `${path}.${name}`);
      }
      return wire as Wire;
    },
    fromWire(wire) {
      const plain: Record<string, unknown> = {};
      for (const [name, { shape, need }] of entries) {
        const value = (wire as Record<string, unknown>)[name];
        if (need === 'optional' && (value === null || value === '')) continue;
        plain[name] = shape.fromWire(value);
      }
      return plain as Plain;
    },
  };
}
