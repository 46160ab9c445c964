// The data channels of a call: one of ours for each label, and those that the server opens for the others'.
//
// What we send on a channel of ours reaches everybody else, by a channel of the same label that the server opens to them. Whose
// that is says the signaling message `channels`, by the channel's id; what comes before it is known waits.
//
// Events: `message` (detail: { label, peerId, data }), `open` and `low` (detail: { label }: room to send again), `change`.

/** Labels that this page speaks. */
export const CHAT = 'sluice.chat';
export const FILES = 'sluice.files';
const LABELS = [CHAT, FILES];

/** Above this the browser's queue is not filled any further: bytes. */
const HIGH_WATER = 1 << 20;
const LOW_WATER = 256 << 10;
/** Messages of a channel whose owner is not known yet. */
const MOST_WAITING = 256;

/** @typedef {{ id: number, label: string, peer_id: string }} Owner */

export class RoomChannels extends EventTarget {
  /** @type {Map<string, RTCDataChannel>} */
  #own = new Map();
  /** Of the others. @type {Map<RTCDataChannel, unknown[]>} with what waits for its owner's name */
  #theirs = new Map();
  /** @type {Map<number, Owner>} by channel id */
  #owners = new Map();

  /** Before the connection's first offer, so that the offer speaks of it. @param {RTCPeerConnection} pc */
  attach(pc) {
    this.detach();
    for (const label of LABELS) {
      const channel = pc.createDataChannel(label);
      channel.binaryType = 'arraybuffer';
      channel.bufferedAmountLowThreshold = LOW_WATER;
      channel.onopen = () => this.#tell('open', { label });
      channel.onbufferedamountlow = () => this.#tell('low', { label });
      channel.onclose = () => this.#own.get(label) === channel && this.dispatchEvent(new Event('change'));
      this.#own.set(label, channel);
    }
    pc.ondatachannel = ({ channel }) => this.#arrived(channel);
  }

  detach() {
    this.#own.clear();
    this.#theirs.clear();
    this.#owners.clear();
  }

  /** The complete list. @param {Owner[]} list */
  setOwners(list) {
    this.#owners = new Map(list.map((owner) => [owner.id, owner]));
    for (const channel of this.#theirs.keys()) this.#deliverWaiting(channel);
  }

  /** @param {string} label */
  isOpen(label) {
    return this.#own.get(label)?.readyState === 'open';
  }

  /** Whether there is room in the browser's own queue. @param {string} label */
  hasRoom(label) {
    const channel = this.#own.get(label);
    return channel?.readyState === 'open' && channel.bufferedAmount < HIGH_WATER;
  }

  /**
   * False when the channel is not open.
   * @param {string} label
   * @param {string | ArrayBuffer} data
   */
  send(label, data) {
    const channel = this.#own.get(label);
    if (channel?.readyState !== 'open') return false;
    channel.send(/** @type {any} */ (data));
    return true;
  }

  /** @param {RTCDataChannel} channel */
  #arrived(channel) {
    if (!LABELS.includes(channel.label)) return;
    channel.binaryType = 'arraybuffer';
    this.#theirs.set(channel, []);
    channel.onmessage = ({ data }) => this.#received(channel, data);
    channel.onclose = () => this.#theirs.delete(channel);
  }

  /**
   * @param {RTCDataChannel} channel
   * @param {unknown} data
   */
  #received(channel, data) {
    const waiting = this.#theirs.get(channel);
    if (!waiting) return;
    if (waiting.length < MOST_WAITING) waiting.push(data);
    this.#deliverWaiting(channel);
  }

  /** @param {RTCDataChannel} channel */
  #deliverWaiting(channel) {
    const owner = this.#owners.get(channel.id ?? -1);
    if (owner?.label !== channel.label) return;
    for (const data of this.#theirs.get(channel)?.splice(0) ?? [])
      this.#tell('message', { label: channel.label, peerId: owner.peer_id, data });
  }

  /**
   * @param {string} type
   * @param {object} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** For tests: ours are open, and there is one of each label of each of so many others. @param {number} others */
  ready(others) {
    const known = [...this.#theirs.keys()].filter((channel) => this.#owners.has(channel.id ?? -1));
    return LABELS.every((label) => this.isOpen(label)) && known.length === others * LABELS.length;
  }

  /** For tests. */
  describe() {
    return {
      own: [...this.#own.values()].map(({ label, readyState, id }) => ({ label, readyState, id })),
      theirs: [...this.#theirs.keys()].map(({ label, readyState, id }) => ({ label, readyState, id })),
      owners: [...this.#owners.values()],
    };
  }
}
