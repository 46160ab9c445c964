import { InvalidArgumentError, InvalidStateError, WorkerClosedError } from '../errors.js';
import { EnhancedEventEmitter } from '../events.js';
import type { OfferOptions, Peer } from '../peer.js';
import { Room } from '../room.js';
import { needObject, wrong } from '../shapes/shape.js';
import type { IceCandidateInit, SessionDescription, SessionDescriptionInit, SignalingState } from '../types/transport.js';
import { Operations } from './operations.js';
import { checkTransportOptions, refusePlanB, type RTCPeerConnectionOptions } from './options.js';
import { RTCSessionDescription } from './session_description.js';

export type { RTCPeerConnectionOptions, RTCPeerConnectionTransportOptions } from './options.js';

export type RTCPeerConnectionEvents = {
  /** Once, whoever closed it. With an error when nobody meant to: the worker died, or would not have the peer. */
  close: [error?: Error];
  signalingstatechange: [state: SignalingState];
  /** There is something to offer: once for a batch of changes, only while stable and nothing is under way. */
  negotiationneeded: [];
};

const rollback = { type: 'rollback' } as const;

/**
 * One participant of a room, seen from the server: the methods of W3C's RTCPeerConnection for the other side of a browser's.
 * What is called while something is under way waits for its turn (W3C WebRTC §4.4.1.2).
 */
export class RTCPeerConnection extends EnhancedEventEmitter<RTCPeerConnectionEvents> {
  /** What it drives: its producers, consumers and transport are found there. */
  readonly peer: Peer;
  readonly #operations = new Operations(() => this.#idle());
  readonly #descriptions = new WeakMap<SessionDescription, RTCSessionDescription>();
  #needed = false;
  /** By the operation before, whose caller may be about to set it. */
  #justCreated: string | undefined;
  #error: Error | undefined;

  /**
   * Creates the peer. A name that is taken is refused: at once when this process has given it away, else by the first promise and
   * by `close`.
   */
  constructor(room: Room, name: string, options: RTCPeerConnectionOptions = {}) {
    super();
    if (!(room instanceof Room)) throw new InvalidArgumentError('room', 'expected a Room, as createRoom() makes them');
    if (typeof name !== 'string' || name === '') throw wrong('name', 'a string that is not empty', name);
    needObject(options, 'options');
    refusePlanB(options);
    const { candidates, maxBitrate } = checkTransportOptions(options);
    const { subscription = 'all', appData } = options;
    const { peer, created } = room.beginPeer({ name, subscription, transportOptions: candidates, ...(appData && { appData }) });
    this.peer = peer;
    this.#operations
      .add(() => created)
      .catch((error: unknown) => {
        this.#error = error as Error;
        peer.end();
      });
    peer.on('signalingstatechange', (state) => this.emit('signalingstatechange', state));
    peer.on('negotiationneeded', () => {
      this.#needed = true;
      this.#operations.announce();
    });
    peer.observer.once('close', () => this.#closed());
    if (maxBitrate > 0) {
      peer.observer.on('newtransport', (transport) => {
        // Fails only with the peer, of which `close` tells.
        if (transport === peer.transport) transport.setMaxIncomingBitrate(maxBitrate).catch(() => {});
      });
    }
  }

  get closed(): boolean {
    return this.peer.closed;
  }

  get signalingState(): SignalingState {
    return this.peer.signalingState;
  }

  /** The pending one, else the current one. */
  get localDescription(): RTCSessionDescription | null {
    return this.#described(this.peer.localDescription);
  }

  /** The pending one, else the current one. */
  get remoteDescription(): RTCSessionDescription | null {
    return this.#described(this.peer.remoteDescription);
  }

  /** Closes the peer and all it owns. Closing twice is no error. */
  close(): void {
    this.peer.close();
  }

  /**
   * What the client can decode and how it numbers it, from an offer that it has created and not set: for a first offer that is made
   * here, with `createOffer({ offerToReceiveAudio: 1, offerToReceiveVideo: 1 })`.
   */
  setCapabilities(sdp: string): Promise<void> {
    return this.#operate(() => this.peer.setCapabilities(sdp));
  }

  createOffer(options: OfferOptions = {}): Promise<RTCSessionDescription> {
    return this.#create(() => this.peer.createOffer(options));
  }

  createAnswer(): Promise<RTCSessionDescription> {
    return this.#create(() => this.peer.createAnswer());
  }

  /**
   * Without an argument, or without `sdp`, what belongs in this state is created. What was created a moment ago is set before anything
   * else that waits.
   */
  setLocalDescription(description?: SessionDescriptionInit): Promise<void> {
    const next = description?.sdp !== undefined && description.sdp === this.#justCreated;
    return this.#describe(() => this.peer.setLocalDescription(description), next);
  }

  /** An offer that meets a pending offer of ours rolls ours back: the server is the polite side. */
  setRemoteDescription(description: SessionDescriptionInit): Promise<void> {
    return this.#describe(() => this.peer.setRemoteDescription(description));
  }

  /** A candidate of the client. Null, or an empty `candidate`: there are no more. */
  addIceCandidate(candidate: IceCandidateInit | null = null): Promise<void> {
    return this.#operate(() => this.peer.addIceCandidate(candidate));
  }

  /** New ICE credentials with the next offer, which `negotiationneeded` asks for. Before anything was negotiated it does nothing. */
  restartIce(): Promise<void> {
    return heard(
      this.#operate(async () => {
        if (this.peer.localDescription !== null) await this.peer.restartIce();
      }),
    );
  }

  /** Withdraws the offer that waits for its answer, if there is one, so that the state is stable: for an answer that will not come. */
  reset(): Promise<void> {
    return heard(
      this.#operate(async () => {
        const { signalingState } = this.peer;
        if (signalingState === 'stable') return;
        await (signalingState === 'have-local-offer' ? this.peer.setLocalDescription(rollback) : this.peer.setRemoteDescription(rollback));
        this.#needed = false;
      }),
    );
  }

  /** Arguments are checked and all else decided when its turn has come. */
  #operate<T>(operation: () => Promise<T>, next = false): Promise<T> {
    return this.#operations.add(
      () => {
        this.#justCreated = undefined;
        if (this.closed) throw this.#error ?? new InvalidStateError('this peer connection is closed');
        return operation();
      },
      { next },
    );
  }

  #create(operation: () => Promise<SessionDescription>): Promise<RTCSessionDescription> {
    return this.#operate(async () => {
      const description = await operation();
      this.#justCreated = description.sdp;
      return new RTCSessionDescription(description);
    });
  }

  /** The worker tells anew what a description leaves to be offered. */
  #describe(operation: () => Promise<void>, next = false): Promise<void> {
    return this.#operate(async () => {
      await operation();
      this.#needed = false;
    }, next);
  }

  #idle(): void {
    if (!this.#needed || this.closed || this.signalingState !== 'stable') return;
    this.#needed = false;
    this.emit('negotiationneeded');
  }

  #described(description: SessionDescription | null): RTCSessionDescription | null {
    if (description === null) return null;
    let wrapped = this.#descriptions.get(description);
    if (wrapped === undefined) this.#descriptions.set(description, (wrapped = new RTCSessionDescription(description)));
    return wrapped;
  }

  #closed(): void {
    if (this.peer.link.closed) this.#error = new WorkerClosedError('the worker has ended, and with it this peer connection');
    this.emit('close', ...(this.#error ? ([this.#error] as const) : []));
  }
}

/** For promises that a caller may leave alone, as W3C's method returns none. */
function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
