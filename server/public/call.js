// One participation in one room: the session, who is here, and the one RTCPeerConnection that carries everything.
//
// docs/signaling.md is the protocol. What is ours to decide stands here:
// - Negotiation: we offer what we send, the server offers what it delivers, and we are the impolite side. Our first offer opens
//   sections for those who are there already, so that its answer delivers them and nothing more need be negotiated.
// - Order: what arrives is worked through one message at a time, so that an offer right behind an answer is no collision.
// - Recovery, the gentle means first: resume the WebSocket; restart ICE; start over with a new session and a new connection.
//
// Events: `change` (anything `peers`, `phase` or `connection` show), `joined`, `reconnecting` (the connection is given up), `peerjoined` and `peerleft` (detail: Peer),
// `problem` (detail: SignalingError), `ended` (detail: { reason, error? }).

import { RoomChannels } from './channels.js';
import { Signaling, SignalingError } from './signaling.js';

/** @import { LocalMedia, Kind } from './media.js' */
/** @import { Message } from './signaling.js' */

/**
 * @typedef {object} Peer
 * @property {string} peer_id
 * @property {string} name
 * @property {boolean} audio                            its microphone is open
 * @property {boolean} video                            its camera is on
 * @property {Record<Kind, RTCRtpTransceiver | null>} media  what carries its tracks to us
 */

/** @typedef {{ mid: string, peer_id: string, kind: Kind, producer_id: string }} Track */
/** @typedef {'idle' | 'joining' | 'joined' | 'left'} Phase */
/** @typedef {'connecting' | 'connected' | 'reconnecting' | 'failed'} Connection */

const RESTART_AFTER_DISCONNECT_MS = 2_500;
const START_OVER_AFTER_RESTART_MS = 10_000;
const START_OVER_TIMES = 4;
const START_OVER_PAUSE_MS = 1_500;
/** A connection that held this long clears the count of fresh starts. */
const WELL_AFTER_MS = 20_000;
/** For how many our first offer opens sections: the others come with offers of the server. */
const MOST_OPENED = 8;
/** @type {readonly Kind[]} */
const KINDS = ['audio', 'video'];

export class Call extends EventTarget {
  room;
  name;
  media;
  peerId = '';
  /** @type {Phase} */
  phase = 'idle';
  /** In the order they joined. @type {Map<string, Peer>} */
  peers = new Map();
  /** @type {RTCPeerConnection | null} */
  pc = null;
  /** Messages and files of the room. */
  channels = new RoomChannels();
  /** By our token: else we only watch and listen. */
  mayPublish = true;

  #token;
  #signaling;
  #session = '';
  /** @type {Track[]} */
  #tracks = [];
  /** @type {Record<Kind, RTCRtpTransceiver | null>} */
  #sending = { audio: null, video: null };
  #makingOffer = false;
  /** @type {number | null} the id of our unanswered offer */
  #offerId = null;
  #offersRefused = 0;
  #everConnected = false;
  #gaveUp = false;
  #startedOver = 0;
  #connectedAt = Infinity;
  #recoveryTimer = 0;
  /** @type {Promise<void>} */
  #queue = Promise.resolve();
  #onMedia = () => this.#mediaChanged();

  /** @param {{ url: string, room: string, name: string, token: string, media: LocalMedia }} options */
  constructor({ url, room, name, token, media }) {
    super();
    this.room = room;
    this.name = name;
    this.media = media;
    this.#token = token;
    this.#signaling = new Signaling(url, () => this.#greet());
    this.#signaling.addEventListener('message', (event) => this.#enqueue(/** @type {CustomEvent<Message>} */ (event).detail));
    this.#signaling.addEventListener('up', () => this.#sayAgain());
    this.#signaling.addEventListener('down', () => this.#changed());
    this.#signaling.addEventListener('closed', () => this.#end('replaced'));
  }

  join() {
    this.phase = 'joining';
    this.media.addEventListener('change', this.#onMedia);
    this.#signaling.open();
    this.#changed();
  }

  leave() {
    if (this.phase === 'left') return;
    this.#signaling.send('leave');
    this.#end('left');
  }

  /** The page is being unloaded: tells the server, keeps the rest as it is. */
  farewell() {
    this.#signaling.send('leave');
  }

  /** After `failed`: tries everything again. */
  retry() {
    this.#startedOver = 0;
    this.#gaveUp = false;
    this.#startOver();
  }

  /** @returns {Connection} */
  get connection() {
    if (this.#gaveUp) return 'failed';
    const first = this.#everConnected ? 'reconnecting' : 'connecting';
    if (this.phase !== 'joined' || !this.#signaling.up) return first;
    switch (this.pc?.connectionState) {
      case 'connected':
        return 'connected';
      case 'new': // Nothing to send and nobody to hear: being in the room is all there is.
        return this.#offerId === null ? 'connected' : first;
      default:
        return first;
    }
  }

  // --- Session -----------------------------------------------------------------------------------------------------------

  /** First thing on every socket. */
  async #greet() {
    try {
      if (!this.#session || !(await this.#resume())) await this.#join();
    } catch (error) {
      const code = error instanceof SignalingError ? error.code : '';
      if (code !== 'timeout' && code !== 'disconnected') this.#end('refused', error);
      throw error;
    }
  }

  /** @returns {Promise<boolean>} false when the server no longer knows us */
  async #resume() {
    try {
      const { peers } = await this.#signaling.request('resume', { session: this.#session });
      this.#setPeers(peers);
      return true;
    } catch (error) {
      if (error instanceof SignalingError && error.code === 'session_expired') return false;
      throw error;
    }
  }

  async #join() {
    this.#closeConnection();
    // There is always something to offer: the data channels, if nothing else.
    const offers = true;
    // Making it takes as long as the server's reply.
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const joined = await this.#signaling
      .request('join', {
        room: this.room,
        name: this.name,
        audio: this.media.on('audio'),
        video: this.media.on('video'),
        offers,
        ...(this.#token ? { token: this.#token } : {}),
      })
      .catch((error) => {
        pc.close();
        throw error;
      });
    this.mayPublish = joined.may_publish !== false;
    this.#session = joined.session;
    this.peerId = joined.peer_id;
    const first = this.phase !== 'joined';
    this.phase = 'joined';
    this.#connect(pc, joined.ice_servers ?? [], offers ? joined.peers.length : 0);
    this.#setPeers(joined.peers);
    if (first) this.dispatchEvent(new Event('joined'));
  }

  /** After joining or resuming: the state, an offer the server may have missed, and ICE if it broke meanwhile. */
  #sayAgain() {
    if (!this.#signaling.up) return;
    this.#sendState();
    const pc = this.pc;
    if (!pc) return;
    if (pc.signalingState === 'have-local-offer' && pc.localDescription) {
      this.#offerId ??= this.#signaling.nextId();
      this.#signaling.send('offer', { type: 'offer', sdp: pc.localDescription.sdp }, this.#offerId);
    } else if (pc.connectionState === 'disconnected' || pc.connectionState === 'failed') {
      this.#restartIce();
    }
    this.#changed();
  }

  #sendState() {
    this.#signaling.send('state', { audio: this.media.on('audio'), video: this.media.on('video') });
  }

  /**
   * @param {'left' | 'replaced' | 'refused'} reason
   * @param {unknown} [error]
   */
  #end(reason, error) {
    if (this.phase === 'left') return;
    this.phase = 'left';
    this.media.removeEventListener('change', this.#onMedia);
    this.#signaling.close();
    this.#closeConnection();
    this.peers.clear();
    this.dispatchEvent(new CustomEvent('ended', { detail: { reason, error } }));
    this.#changed();
  }

  // --- Who is here -------------------------------------------------------------------------------------------------------

  /** The complete list; those already known keep their media. @param {{ peer_id: string, name: string, audio: boolean, video: boolean }[]} list */
  #setPeers(list) {
    const before = this.peers;
    this.peers = new Map(
      list.map((peer) => [peer.peer_id, { ...peer, media: before.get(peer.peer_id)?.media ?? { audio: null, video: null } }]),
    );
    this.#assignTracks();
  }

  /** @param {any} content */
  #peerJoined(content) {
    const peer = { ...content, media: { audio: null, video: null } };
    this.peers.set(peer.peer_id, peer);
    this.#assignTracks();
    this.dispatchEvent(new CustomEvent('peerjoined', { detail: peer }));
  }

  /** @param {any} content */
  #peerState({ peer_id, audio, video }) {
    const peer = this.peers.get(peer_id);
    if (peer) Object.assign(peer, { audio, video });
    this.#changed();
  }

  /** @param {any} content */
  #peerLeft({ peer_id }) {
    const peer = this.peers.get(peer_id);
    this.peers.delete(peer_id);
    if (peer) this.dispatchEvent(new CustomEvent('peerleft', { detail: peer }));
    this.#changed();
  }

  /** Gives each participant the transceivers that carry it, by the last complete list of tracks. */
  #assignTracks() {
    const byMid = new Map(this.pc?.getTransceivers().map((transceiver) => [transceiver.mid, transceiver]));
    for (const peer of this.peers.values()) {
      /** @type {Peer['media']} */
      const media = { audio: null, video: null };
      for (const track of this.#tracks) {
        if (track.peer_id === peer.peer_id) media[track.kind] = byMid.get(track.mid) ?? null;
      }
      peer.media = media;
    }
    this.#changed();
  }

  // --- Messages ----------------------------------------------------------------------------------------------------------

  /** @param {Message} message */
  #enqueue(message) {
    const pc = this.pc;
    this.#queue = this.#queue
      .then(() => (this.pc === pc || !isNegotiation(message) ? this.#handle(message) : undefined))
      .catch((error) => this.#failed(message, error));
  }

  /** @param {Message} message */
  async #handle({ message_type: type, content, id }) {
    switch (type) {
      case 'offer':
        return this.#onOffer(content, id);
      case 'answer':
        return this.#onAnswer(content, id);
      case 'candidate':
        return this.#onCandidate(content);
      case 'peer_joined':
        return this.#peerJoined(content);
      case 'peer_state':
        return this.#peerState(content);
      case 'peer_left':
        return this.#peerLeft(content);
      case 'channels':
        return this.channels.setOwners(content.channels);
      case 'error':
        return this.#onError(content, id);
      default: // pong, and what later servers may say
    }
  }

  /**
   * Our end could not apply what the server said: only a fresh start puts both in step again.
   * @param {Message} message
   * @param {unknown} error
   */
  #failed(message, error) {
    console.error(`sluice: ${message.message_type} failed`, error);
    if (isNegotiation(message) && message.message_type !== 'candidate') this.#startOver();
  }

  /**
   * @param {any} content
   * @param {number | undefined} id
   */
  async #onError(content, id) {
    const error = new SignalingError(String(content.code), String(content.message), content.field);
    if (error.code === 'session_expired') return this.#startOver();
    if (content.in_reply_to === 'offer' && id === this.#offerId) {
      this.#offerId = null;
      this.#offersRefused++;
      await this.pc?.setLocalDescription({ type: 'rollback' });
    } else if (content.in_reply_to !== 'offer') {
      console.warn('sluice: the server refused', content);
      return;
    }
    this.dispatchEvent(new CustomEvent('problem', { detail: error }));
  }

  // --- Negotiation -------------------------------------------------------------------------------------------------------

  /**
   * @param {RTCPeerConnection} pc
   * @param {RTCIceServer[]} iceServers
   * @param {number} others  how many there are to be received already
   */
  #connect(pc, iceServers, others) {
    if (iceServers.length > 0) pc.setConfiguration({ iceServers, bundlePolicy: 'max-bundle' });
    this.pc = pc;
    pc.onnegotiationneeded = () => this.#offer(pc);
    pc.onconnectionstatechange = () => this.#connectionChanged(pc);
    pc.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate) this.#signaling.send('candidate', candidate.toJSON());
      else if (!candidate) this.#signaling.send('candidate', { candidate: '' });
    };
    this.channels.attach(pc);
    this.#attachMedia();
    if (!this.mayPublish) return;
    for (let i = 0; i < Math.min(others, MOST_OPENED); i++) for (const kind of KINDS) pc.addTransceiver(kind, { direction: 'recvonly' });
  }

  #closeConnection() {
    clearTimeout(this.#recoveryTimer);
    const pc = this.pc;
    if (pc) this.dispatchEvent(new Event('reconnecting'));
    this.pc = null;
    this.#tracks = [];
    this.#sending = { audio: null, video: null };
    this.#offerId = null;
    this.#makingOffer = false;
    for (const peer of this.peers.values()) peer.media = { audio: null, video: null };
    this.channels.detach();
    if (!pc) return;
    pc.onnegotiationneeded = pc.onconnectionstatechange = pc.onicecandidate = pc.ondatachannel = null;
    pc.close();
  }

  /** @param {RTCPeerConnection} pc */
  async #offer(pc) {
    // A server that refused twice would refuse a third time.
    if (pc !== this.pc || this.#offersRefused > 1) return;
    this.#makingOffer = true;
    try {
      await pc.setLocalDescription();
      if (pc !== this.pc || pc.localDescription?.type !== 'offer') return;
      this.#offerId = this.#signaling.nextId();
      this.#signaling.send('offer', { type: 'offer', sdp: pc.localDescription.sdp }, this.#offerId);
    } catch (error) {
      console.error('sluice: making an offer failed', error);
    } finally {
      if (pc === this.pc) this.#makingOffer = false;
    }
  }

  /**
   * @param {any} content
   * @param {number | undefined} id
   */
  async #onOffer({ type, sdp, tracks }, id) {
    const pc = this.pc;
    if (!pc) return;
    // W3C WebRTC §10.7: the impolite side ignores an offer that collides with its own. The server will offer again.
    if (this.#makingOffer || pc.signalingState !== 'stable') return;
    await pc.setRemoteDescription({ type, sdp });
    await pc.setLocalDescription();
    if (pc !== this.pc) return;
    this.#signaling.send('answer', { type: 'answer', sdp: pc.localDescription?.sdp }, id);
    this.#tracks = tracks;
    this.#assignTracks();
  }

  /**
   * @param {any} content
   * @param {number | undefined} id
   */
  async #onAnswer({ type, sdp, tracks }, id) {
    const pc = this.pc;
    if (!pc || id !== this.#offerId || pc.signalingState !== 'have-local-offer') return;
    await pc.setRemoteDescription({ type, sdp });
    this.#offerId = null;
    this.#offersRefused = 0;
    if (tracks) this.#tracks = tracks;
    this.#assignTracks();
  }

  /** @param {any} content */
  async #onCandidate(content) {
    try {
      await this.pc?.addIceCandidate(content);
    } catch {
      // It belonged to an offer that we ignored, or to an older generation.
    }
  }

  // --- What we send ------------------------------------------------------------------------------------------------------

  /** A section is made when there is a first track for it; after that tracks only replace one another. */
  #attachMedia() {
    if (!this.mayPublish) return;
    for (const kind of KINDS) {
      const track = this.media.track(kind);
      const transceiver = this.#sending[kind];
      if (transceiver) {
        if (transceiver.sender.track !== track)
          transceiver.sender.replaceTrack(track).catch((error) => console.error('sluice: replaceTrack', error));
      } else if (track && this.pc) {
        this.#sending[kind] = this.pc.addTransceiver(track, { direction: 'sendonly', streams: [this.media.stream] });
      }
    }
  }

  /** The transceiver that carries our own track, for its statistics. @param {Kind} kind */
  sending(kind) {
    return this.#sending[kind];
  }

  #mediaChanged() {
    if (this.phase === 'joined') this.#attachMedia();
    this.#sendState();
    this.#changed();
  }

  // --- Recovery ----------------------------------------------------------------------------------------------------------

  /** @param {RTCPeerConnection} pc */
  #connectionChanged(pc) {
    if (pc !== this.pc) return;
    switch (pc.connectionState) {
      case 'connected':
        clearTimeout(this.#recoveryTimer);
        this.#everConnected = true;
        this.#connectedAt = performance.now();
        break;
      case 'disconnected': // Often heals by itself.
        this.#after(RESTART_AFTER_DISCONNECT_MS, () => this.#restartIce());
        break;
      case 'failed':
        this.#restartIce();
        break;
    }
    this.#changed();
  }

  /** New ICE credentials for the same connection. Without a WebSocket it waits: #sayAgain comes here. */
  #restartIce() {
    if (!this.#signaling.up) return;
    this.pc?.restartIce();
    this.#after(START_OVER_AFTER_RESTART_MS, () => this.#startOver());
  }

  /** The last resort: a new session with a new connection. */
  #startOver() {
    if (this.phase !== 'joined') return;
    clearTimeout(this.#recoveryTimer);
    if (performance.now() - this.#connectedAt > WELL_AFTER_MS) this.#startedOver = 0;
    this.#connectedAt = Infinity;
    if (++this.#startedOver > START_OVER_TIMES) {
      this.#gaveUp = true;
      this.#changed();
      return;
    }
    this.#signaling.send('leave');
    this.#session = '';
    this.#closeConnection();
    this.#signaling.reopen((this.#startedOver - 1) * START_OVER_PAUSE_MS);
    this.#changed();
  }

  /**
   * @param {number} milliseconds
   * @param {() => void} action  unless the connection comes back before
   */
  #after(milliseconds, action) {
    clearTimeout(this.#recoveryTimer);
    const pc = this.pc;
    this.#recoveryTimer = window.setTimeout(() => {
      if (pc === this.pc && pc?.connectionState !== 'connected') action();
    }, milliseconds);
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** @param {Message} message */
function isNegotiation({ message_type: type }) {
  return type === 'offer' || type === 'answer' || type === 'candidate';
}
