// Observers listen to audio producers of their room.
import { randomUUID } from 'node:crypto';
import type { EventT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import type { EventMap } from './events.js';
import { Producer } from './producer.js';
import { RemoteObject, type AppData } from './remote_object.js';
import type { Room } from './room.js';
import { integer, required, struct, text, uint32, withDefault } from './shapes/shape.js';
import { checkAppData } from './transport.js';
import * as wire from './wire/index.js';

export type RtpObserverEvents = {
  /** Its room was closed, and so was it. */
  routerclose: [];
};

export type RtpObserverObserverEvents = {
  close: [];
  pause: [];
  resume: [];
  addproducer: [producer: Producer];
  removeproducer: [producer: Producer];
};

export interface RtpObserverAddRemoveProducerOptions {
  producerId: string;
}

const producerFields = struct<RtpObserverAddRemoveProducerOptions, { producerId: string | Uint8Array | null }>(wire.ObserverAddProducerT, {
  producerId: required(text),
});

/** What both observers have in common. */
export abstract class RtpObserver<
  Events extends RtpObserverEvents = RtpObserverEvents,
  ObserverEvents extends RtpObserverObserverEvents = RtpObserverObserverEvents,
> extends RemoteObject<Events, ObserverEvents> {
  #paused = false;

  /** @internal */
  constructor(link: Link, reply: wire.ObserverReplyT, appData: AppData | undefined) {
    super({ link, kind: wire.ObjectKind.OBSERVER, id: String(reply.observerId), appData });
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Stops listening. */
  async pause(): Promise<void> {
    await this.setPaused(true);
    this.#nowPaused(true);
  }

  async resume(): Promise<void> {
    await this.setPaused(false);
    this.#nowPaused(false);
  }

  /** Listens to an audio producer of the same room, until that is closed or removed. */
  async addProducer(options: RtpObserverAddRemoveProducerOptions): Promise<void> {
    const { producerId } = producerFields.toWire(options, '');
    await this.request(new wire.ObserverAddProducerT(this.id, producerId), wire.DoneT);
    this.#tell('addproducer', producerId);
  }

  async removeProducer(options: RtpObserverAddRemoveProducerOptions): Promise<void> {
    const { producerId } = producerFields.toWire(options, '');
    await this.request(new wire.ObserverRemoveProducerT(this.id, producerId), wire.DoneT);
    this.#tell('removeproducer', producerId);
  }

  /** @internal */
  handleEvent(event: EventT): void {
    if (event instanceof wire.ObjectClosedT) this.end();
  }

  /** @internal */
  protected endOwned(): void {}

  /** @internal Undefined when it was closed here already. */
  protected producerOf(id: string | Uint8Array | null): Producer | undefined {
    return this.link.find(String(id), Producer);
  }

  /** @internal To its listeners and to those of its observer. */
  protected tell(eventName: string, ...args: unknown[]): void {
    this.emitUnchecked(eventName, ...args);
    this.observer.emitUnchecked(eventName, ...args);
  }

  #tell(eventName: string, id: string | Uint8Array | null): void {
    const producer = this.producerOf(id);
    if (producer !== undefined) this.observer.emitUnchecked(eventName, producer);
  }

  #nowPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.observer.emitUnchecked(paused ? 'pause' : 'resume');
  }
}

// --- Active speaker ------------------------------------------------------------------------------------------------------

export interface ActiveSpeakerObserverOptions<Data extends AppData = AppData> {
  /** How often it decides: ms, 100 to 5000. Default 300. */
  interval?: number;
  appData?: Data;
}

export interface ActiveSpeakerObserverDominantSpeaker {
  producer: Producer;
}

type DominantSpeakerEvents = { dominantspeaker: [dominantSpeaker: ActiveSpeakerObserverDominantSpeaker] };
export type ActiveSpeakerObserverEvents = RtpObserverEvents & DominantSpeakerEvents;
export type ActiveSpeakerObserverObserverEvents = RtpObserverObserverEvents & DominantSpeakerEvents;

const activeSpeakerFields = struct<Omit<ActiveSpeakerObserverOptions, 'appData'>, wire.CreateActiveSpeakerObserverT>(
  wire.CreateActiveSpeakerObserverT,
  { interval: withDefault(uint32, 300) },
);

/** Tells who has the floor: a new turn of half a second takes it, a cough does not. Nobody has it before somebody spoke. */
export class ActiveSpeakerObserver extends RtpObserver<ActiveSpeakerObserverEvents, ActiveSpeakerObserverObserverEvents> {
  /** @internal */
  static async create(room: Room, options: ActiveSpeakerObserverOptions): Promise<ActiveSpeakerObserver> {
    const command = activeSpeakerFields.toWire(options, '');
    const appData = checkAppData(options.appData);
    [command.roomId, command.observerId] = [room.id, randomUUID()];
    return new ActiveSpeakerObserver(room.link, await room.request(command, wire.ObserverReplyT), appData);
  }

  /** @internal */
  override handleEvent(event: EventT): void {
    if (!(event instanceof wire.DominantSpeakerT)) return super.handleEvent(event);
    const producer = this.producerOf(event.producerId);
    if (producer !== undefined) this.tell('dominantspeaker', { producer } satisfies ActiveSpeakerObserverDominantSpeaker);
  }
}

// --- Audio level ---------------------------------------------------------------------------------------------------------

export interface AudioLevelObserverOptions<Data extends AppData = AppData> {
  /** How many are told at most. Default 1. */
  maxEntries?: number;
  /** Quieter ones are not told: dBov, -127 to 0. Default -80. */
  threshold?: number;
  /** How often: ms, 100 to 5000. Default 1000. */
  interval?: number;
  appData?: Data;
}

export interface AudioLevelObserverVolume {
  producer: Producer;
  /** dBov, -127 (silent) to 0: the mean over the interval. */
  volume: number;
}

type VolumeEvents = {
  /** Loudest first. */
  volumes: [volumes: AudioLevelObserverVolume[]];
  /** Nobody is loud any more. Once, until somebody is again. */
  silence: [];
} & EventMap;
export type AudioLevelObserverEvents = RtpObserverEvents & VolumeEvents;
export type AudioLevelObserverObserverEvents = RtpObserverObserverEvents & VolumeEvents;

const audioLevelFields = struct<Omit<AudioLevelObserverOptions, 'appData'>, wire.CreateAudioLevelObserverT>(
  wire.CreateAudioLevelObserverT,
  { maxEntries: withDefault(uint32, 1), threshold: withDefault(integer(-127, 0), -80), interval: withDefault(uint32, 1000) },
);

/** Tells how loud the loudest are. */
export class AudioLevelObserver extends RtpObserver<AudioLevelObserverEvents, AudioLevelObserverObserverEvents> {
  /** @internal */
  static async create(room: Room, options: AudioLevelObserverOptions): Promise<AudioLevelObserver> {
    const command = audioLevelFields.toWire(options, '');
    const appData = checkAppData(options.appData);
    [command.roomId, command.observerId] = [room.id, randomUUID()];
    return new AudioLevelObserver(room.link, await room.request(command, wire.ObserverReplyT), appData);
  }

  /** @internal */
  override handleEvent(event: EventT): void {
    if (!(event instanceof wire.AudioLevelsT)) return super.handleEvent(event);
    if (event.volumes.length === 0) return this.tell('silence');
    const volumes: AudioLevelObserverVolume[] = event.volumes.flatMap(({ producerId, volume }) => {
      const producer = this.producerOf(producerId);
      return producer === undefined ? [] : [{ producer, volume }];
    });
    if (volumes.length > 0) this.tell('volumes', volumes);
  }
}
