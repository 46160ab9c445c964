// The page of the renegotiation tests: RTCPeerConnections that do what they are told over a WebSocket, each the impolite side of perfect
// negotiation (W3C WebRTC §10.7): it ignores an offer that meets its own.
//
// Runs in the page, given as text: nothing from outside may be used.

/** @typedef {{ mid: string | null, kind: string, direction: string, current: string | null, sends: boolean, progress: Record<string, number> }} Line */
/** @typedef {{ idle: boolean, state: string, connection: string, lines: Line[], ignored: number, trouble: string[] }} Report */

export function negotiationPage() {
  const socket = new WebSocket(`ws://${location.host}`);
  /** @type {any} */
  let media;
  /** @type {Record<string, any>} */
  const ends = {};

  const tell = (/** @type {object} */ message) => socket.send(JSON.stringify(message));
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

  /** A video track of another size, or another tone's clone. @param {string} kind */
  function freshTrack(kind) {
    return media
      .getTracks()
      .find((/** @type {MediaStreamTrack} */ track) => track.kind === kind)
      .clone();
  }

  class End {
    /** @param {string} name */
    constructor(name) {
      this.name = name;
      this.pc = new RTCPeerConnection();
      this.queue = Promise.resolve();
      this.busy = 0;
      this.ignored = 0;
      /** @type {string[]} */
      this.trouble = [];
      this.pc.onnegotiationneeded = () => this.step(() => this.offer());
      this.pc.onicecandidate = ({ candidate }) => tell({ to: name, candidate: candidate?.toJSON() ?? null });
      this.pc.ontrack = ({ track }) => {
        const element = document.createElement(track.kind);
        Object.assign(element, { srcObject: new MediaStream([track]), muted: true, autoplay: true });
        document.body.append(element);
        const gone = () => element.remove();
        track.addEventListener('ended', gone);
      };
    }

    /** One after the other. @param {() => Promise<unknown>} action */
    step(action) {
      this.busy++;
      const done = this.queue.then(action);
      this.queue = done.then(
        () => void this.busy--,
        (error) => {
          this.busy--;
          this.trouble.push(String(error));
        },
      );
      return done;
    }

    async offer() {
      if (this.pc.signalingState !== 'stable') return; // it fires again
      await this.pc.setLocalDescription();
      tell({ to: this.name, description: this.pc.localDescription });
    }

    /** @param {RTCSessionDescriptionInit} description */
    receive(description) {
      this.step(async () => {
        // In its turn: an answer that came before it makes it stable first.
        if (description.type === 'offer' && this.pc.signalingState !== 'stable') return void this.ignored++;
        await this.pc.setRemoteDescription(description);
        if (description.type !== 'offer') return;
        await this.pc.setLocalDescription();
        tell({ to: this.name, description: this.pc.localDescription });
      });
    }

    /** @param {string} mid @returns {any} */
    line(mid) {
      const found = this.pc.getTransceivers().find((one) => one.mid === mid);
      if (!found) throw new Error(`no transceiver has the mid ${mid}`);
      return found;
    }

    /** @returns {Promise<Report>} */
    async report() {
      await turn();
      const lines = [];
      for (const one of this.pc.getTransceivers()) {
        if (one.currentDirection === 'stopped' || one.direction === 'stopped') continue;
        /** @type {Record<string, number>} */
        const progress = {};
        if (one.currentDirection?.includes('recv')) {
          for (const stats of (await one.receiver.getStats()).values()) {
            if (stats.type !== 'inbound-rtp') continue;
            progress[stats.ssrc] = one.receiver.track.kind === 'video' ? (stats.framesDecoded ?? 0) : (stats.packetsReceived ?? 0);
          }
        }
        lines.push({
          mid: one.mid,
          kind: one.receiver.track.kind,
          direction: one.direction,
          current: one.currentDirection,
          sends: one.sender.track !== null,
          progress,
        });
      }
      await turn();
      const idle = this.busy === 0 && this.pc.signalingState === 'stable';
      return {
        idle,
        state: this.pc.signalingState,
        connection: this.pc.connectionState,
        lines,
        ignored: this.ignored,
        trouble: this.trouble,
      };
    }
  }

  /** @type {Record<string, (command: any) => unknown>} */
  const commands = {
    async open({ names }) {
      media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 160, height: 120, frameRate: 15 } });
      for (const name of names) ends[name] = new End(name);
      return navigator.userAgent;
    },
    add({ end, kind, asTrack }) {
      const track = freshTrack(kind);
      if (asTrack) ends[end].pc.addTrack(track, new MediaStream([track]));
      else ends[end].pc.addTransceiver(track, { direction: 'sendonly', streams: [new MediaStream([track])] });
    },
    stop({ end, mid }) {
      const line = ends[end].line(mid);
      line.sender.track?.stop();
      line.stop();
    },
    async replace({ end, mid }) {
      const { sender } = ends[end].line(mid);
      const before = sender.track;
      await sender.replaceTrack(freshTrack(before.kind));
      before.stop();
    },
    direct({ end, mid, direction }) {
      ends[end].line(mid).direction = direction;
    },
    restart({ end }) {
      ends[end].pc.restartIce();
    },
    /** An offer that nothing asks for. */
    offer({ end }) {
      return ends[end].step(() => ends[end].offer());
    },
    report: ({ end }) => ends[end].report(),
    close() {
      for (const end of Object.values(ends)) end.pc.close();
    },
  };

  socket.onmessage = async ({ data }) => {
    const message = JSON.parse(data);
    if (message.to !== undefined) return void ends[message.to].receive(message.description);
    try {
      tell({ id: message.id, result: (await commands[message.command]?.(message)) ?? null });
    } catch (error) {
      tell({ id: message.id, error: String(error) });
    }
  };
}
