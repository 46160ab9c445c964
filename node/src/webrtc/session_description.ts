import { InvalidArgumentError } from '../errors.js';
import { isObject, text, wrong } from '../shapes/shape.js';
import { sdpType } from '../shapes/transport.js';
import type { SdpType, SessionDescriptionInit } from '../types/transport.js';

/** An offer or an answer (W3C WebRTC §4.6.2). Does not change. */
export class RTCSessionDescription {
  readonly type: SdpType;
  readonly sdp: string;

  /** Throws TypeError for anything but `{ type, sdp }`. A `rollback` needs no `sdp`. */
  constructor(init: SessionDescriptionInit) {
    if (!isObject(init)) throw wrong('', 'an object { type, sdp }', init);
    sdpType.toWire(init.type, 'type');
    if (init.sdp === undefined && init.type !== 'rollback') throw new InvalidArgumentError('sdp', 'missing, expected a string beside type');
    this.type = init.type;
    this.sdp = text.toWire(init.sdp ?? '', 'sdp') as string;
    Object.freeze(this);
  }

  toJSON(): { type: SdpType; sdp: string } {
    return { type: this.type, sdp: this.sdp };
  }
}
