// The call screen: keeps tiles, buttons and messages true to a Call. Used by main.js; one instance a call.

import { ChatPanel } from './chat.js';
import { showToggle, toggle } from './controls.js';
import { byId, make } from './dom.js';
import { Grid } from './grid.js';
import { icon } from './icons.js';
import { shareLink } from './options.js';
import { CONNECTION, deviceNotice, errorSentence } from './sentences.js';
import { LevelMeter, SpeakingDetector, receivedLevel, sentLevel } from './speaking.js';
import { StatsSampler } from './stats.js';
import { Tile } from './tile.js';
import { clearToasts, toast } from './toast.js';

/** @import { Call, Peer } from './call.js' */

const LEVELS_EVERY_MS = 100;
const STATS_EVERY_MS = 1_000;
const SELF = 'self';

export class CallScreen {
  #call;
  #abort = new AbortController();
  #grid = new Grid(byId('stage', HTMLElement));
  /** @type {Map<string, Tile>} by peer id, and SELF */
  #tiles = new Map();
  #inviteTitle = make('h2', {}, 'You’re the first one here');
  #invite;
  #detector = new SpeakingDetector();
  #meter = new LevelMeter();
  #sampler = new StatsSampler();
  #chat;
  #statsAll = false;
  /** @type {number[]} */
  #timers = [];

  /**
   * @param {Call} call
   * @param {{ announceProblems: boolean }} options
   */
  constructor(call, options) {
    this.#call = call;
    this.#invite = this.#makeInvite();
    this.#chat = new ChatPanel(call);
    this.#wire();
    byId('room-name', HTMLElement).textContent = call.room;
    byId('call', HTMLElement).hidden = false;
    this.#timers = [
      window.setInterval(() => this.#showLevels(), LEVELS_EVERY_MS),
      window.setInterval(() => this.#sample(), STATS_EVERY_MS),
    ];
    this.#show();
    // Who came by a link that joins at once has not seen the entry screen's notice.
    const notice = options.announceProblems ? deviceNotice(call.media.problems) : null;
    if (notice) toast(`${notice.text} ${notice.title}.`, { kind: 'bad', stay: 9_000 });
  }

  close() {
    this.#abort.abort();
    this.#chat.close();
    clearToasts();
    for (const timer of this.#timers) clearInterval(timer);
    for (const tile of this.#tiles.values()) tile.close();
    this.#grid.close();
    this.#meter.close();
    byId('call', HTMLElement).hidden = true;
    byId('tap-to-hear', HTMLElement).hidden = true;
  }

  /** For tests: what comes and goes. */
  get files() {
    return this.#chat.files;
  }

  /** For tests: what is really on the screen. @param {string} peerId */
  tile(peerId) {
    return this.#tiles.get(peerId);
  }

  #wire() {
    const { signal } = this.#abort;
    const call = this.#call;
    /** @param {string} id @param {() => void} action */
    const click = (id, action) => byId(id, HTMLButtonElement).addEventListener('click', action, { signal });
    click('mic', () => toggle('audio', call.media));
    click('cam', () => toggle('video', call.media));
    click('leave', () => call.leave());
    click('share', () => this.#share(byId('share', HTMLButtonElement)));
    click('stats', () => this.#toggleStats());
    click('tap-to-hear', () => {
      byId('tap-to-hear', HTMLElement).hidden = true;
      for (const tile of this.#tiles.values()) tile.playSound();
    });
    call.addEventListener('joined', () => this.#joined(), { signal });
    call.addEventListener('change', () => this.#show(), { signal });
    call.media.addEventListener('change', () => this.#show(), { signal });
    call.addEventListener('peerjoined', (event) => toast(`${nameIn(event)} joined`), { signal });
    call.addEventListener(
      'peerleft',
      (event) => {
        this.#chat.peerLeft(/** @type {CustomEvent<Peer>} */ (event).detail.peer_id);
        toast(`${nameIn(event)} left`);
      },
      { signal },
    );
    call.addEventListener('reconnecting', () => this.#chat.files.interrupted(), { signal });
    call.addEventListener(
      'problem',
      (event) => {
        const { code, message, field } = /** @type {CustomEvent} */ (event).detail;
        toast(errorSentence(code, message, field), { kind: 'bad', stay: 8_000 });
      },
      { signal },
    );
    document.addEventListener('keydown', (event) => this.#key(event), { signal });
  }

  /** Who may only watch gives camera and microphone back. */
  #joined() {
    const { mayPublish, media } = this.#call;
    if (mayPublish) return;
    for (const kind of /** @type {const} */ (['audio', 'video'])) media.wanted[kind] = false;
    media.close();
    toast('Your invitation is to watch and listen: the others do not see or hear you.', { stay: 8_000 });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
    if (event.target instanceof HTMLTextAreaElement) return;
    switch (event.key.toLowerCase()) {
      case 'm':
        return void (this.#call.mayPublish && toggle('audio', this.#call.media));
      case 'v':
        return void (this.#call.mayPublish && toggle('video', this.#call.media));
      case 's':
        return this.#toggleStats();
      case 'c':
        event.preventDefault(); // or it would be the first letter of a message
        return this.#chat.toggle();
    }
  }

  // --- Everything that follows the call ----------------------------------------------------------------------------------

  #show() {
    const { media, peers, name } = this.#call;
    for (const id of ['mic', 'cam']) byId(id, HTMLButtonElement).hidden = !this.#call.mayPublish;
    showToggle(byId('mic', HTMLButtonElement), 'audio', media);
    showToggle(byId('cam', HTMLButtonElement), 'video', media);
    this.#showConnection();
    this.#chat.show();
    for (const [id, tile] of this.#tiles) {
      if (id === SELF || peers.has(id)) continue;
      tile.close();
      this.#tiles.delete(id);
    }
    for (const peer of peers.values()) this.#showPeer(peer);
    const self = this.#tileOf(SELF);
    self.update({ name, audio: media.on('audio'), video: media.on('video') });
    self.play(media.track('video'), null);
    this.#meter.listen(media.track('audio'));
    this.#arrange(self);
  }

  /** @param {Peer} peer */
  #showPeer(peer) {
    const tile = this.#tileOf(peer.peer_id);
    tile.update(peer);
    tile.play(peer.media.video?.receiver.track ?? null, peer.media.audio?.receiver.track ?? null);
  }

  /** @param {Tile} self */
  #arrange(self) {
    const others = [...this.#call.peers.keys()].map((id) => this.#tileOf(id).element);
    const alone = others.length === 0 && this.#call.phase === 'joined';
    if (others.length > 0) this.#inviteTitle.textContent = 'You’re the only one here';
    this.#grid.show([...others, self.element, ...(alone ? [this.#invite] : [])]);
    const count = others.length + 1;
    byId('count-text', HTMLElement).textContent = String(count);
    byId('count', HTMLElement).title = byId('count', HTMLElement).ariaLabel =
      count === 1 ? 'Only you are here' : `${count} people are here`;
  }

  /** @param {string} id */
  #tileOf(id) {
    let tile = this.#tiles.get(id);
    if (!tile) {
      tile = new Tile({
        self: id === SELF,
        onBlocked: () => (byId('tap-to-hear', HTMLElement).hidden = false),
        onStats: () => void this.#sample(),
      });
      tile.showStats(this.#statsAll);
      this.#tiles.set(id, tile);
    }
    return tile;
  }

  #showConnection() {
    const state = this.#call.connection;
    const pill = byId('pill', HTMLElement);
    if (pill.dataset.state === state) return;
    pill.dataset.state = state;
    byId('pill-text', HTMLElement).textContent = CONNECTION[state] ?? state;
    const banner = byId('banner', HTMLElement);
    banner.hidden = state === 'connected' || state === 'connecting';
    banner.className = `banner ${state}`;
    if (state === 'reconnecting')
      banner.replaceChildren(make('i', { class: 'spinner', 'aria-hidden': 'true' }), 'The connection was interrupted. Getting you back…');
    if (state === 'failed') {
      const again = make('button', { type: 'button', class: 'text-button' }, 'Try again');
      again.addEventListener('click', () => this.#call.retry());
      banner.replaceChildren(icon('alert'), 'The call could not be connected.', again);
    }
  }

  // --- Levels and statistics ---------------------------------------------------------------------------------------------

  async #showLevels() {
    const { media, peers, peerId } = this.#call;
    for (const peer of peers.values()) {
      const level = peer.audio ? receivedLevel(peer.media.audio?.receiver) : 0;
      this.#tileOf(peer.peer_id).speaking = this.#detector.speaking(peer.peer_id, level);
    }
    const own = media.on('audio') ? (this.#meter.level() ?? (await sentLevel(this.#call.sending('audio')?.sender))) : 0;
    const tile = this.#tiles.get(SELF);
    if (tile) tile.speaking = media.on('audio') && this.#detector.speaking(peerId, own);
  }

  #toggleStats() {
    this.#statsAll = !this.#statsAll;
    byId('stats', HTMLButtonElement).setAttribute('aria-pressed', String(this.#statsAll));
    for (const tile of this.#tiles.values()) tile.showStats(this.#statsAll);
    this.#sample();
  }

  async #sample() {
    const { pc, peers } = this.#call;
    if (!pc || ![...this.#tiles.values()].some((tile) => tile.statsShown)) return;
    await this.#sampler.sample(pc);
    for (const [id, tile] of this.#tiles) {
      if (!tile.statsShown) continue;
      const peer = peers.get(id);
      if (peer) tile.setStats(this.#sampler.received(peer.media));
      else if (id === SELF) tile.setStats(this.#sampler.sent({ audio: this.#call.sending('audio'), video: this.#call.sending('video') }));
    }
  }

  // --- The share link ----------------------------------------------------------------------------------------------------

  #makeInvite() {
    const link = make('input', { type: 'text', readonly: '', 'aria-label': 'Link to this room', value: shareLink(this.#call.room) });
    link.addEventListener('focus', () => link.select());
    const copy = make('button', { type: 'button', class: 'primary' }, icon('link'), make('span', { class: 'label' }, 'Copy link'));
    copy.addEventListener('click', () => this.#share(copy));
    return make(
      'aside',
      { class: 'invite' },
      this.#inviteTitle,
      make('p', {}, 'Share this link with the people you want in the call.'),
      make('div', { class: 'invite-link' }, link, copy),
    );
  }

  /** @param {HTMLButtonElement} button */
  async #share(button) {
    const url = shareLink(this.#call.room);
    try {
      await navigator.clipboard.writeText(url);
      confirm(button);
      toast('Link copied', { kind: 'good', stay: 2_500 });
    } catch {
      // No clipboard outside https and localhost: show it to be copied by hand.
      window.prompt('Copy this link:', url);
    }
  }
}

/** @param {HTMLButtonElement} button */
function confirm(button) {
  if (button.classList.contains('done')) return;
  const label = button.querySelector('.label');
  const old = button.querySelector('svg');
  const done = icon('check');
  old?.replaceWith(done);
  button.classList.add('done');
  if (label) label.textContent = 'Copied';
  setTimeout(() => {
    if (old) done.replaceWith(old);
    button.classList.remove('done');
    if (label) label.textContent = 'Copy link';
  }, 2_000);
}

/** @param {Event} event */
function nameIn(event) {
  return /** @type {CustomEvent<Peer>} */ (event).detail.name;
}
