// Bad signaling from a page: each message is answered with an error that names what was wrong, and the connection stays.
// (The server's own tests go through every field; here it is the whole way, into the worker and back.)

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fixture, withChromium } from './lib/fixture.js';
import { allSeeAll } from './lib/participant.js';

/** [what is sent, the code and the field of the answer] @type {[unknown, string, string | undefined][]} */
const BEFORE_JOINING = [
  ['{"message_type":', 'bad_json', undefined],
  ['[]', 'bad_envelope', undefined],
  [{ content: {} }, 'bad_envelope', undefined],
  [{ message_type: 'dance' }, 'unknown_type', undefined],
  [{ message_type: 'offer', content: { type: 'offer', sdp: 'v=0' } }, 'not_joined', undefined],
  [{ message_type: 'join', content: { name: 'Eve' } }, 'missing_field', 'room'],
  [{ message_type: 'join', content: { room: 'no such/room', name: 'Eve' } }, 'bad_field', 'room'],
  [{ message_type: 'resume', content: { session: 'made up' } }, 'session_expired', undefined],
];
/** @type {[unknown, string, string | undefined][]} */
const AFTER_JOINING = [
  [{ message_type: 'join', content: { room: 'other', name: 'Eve' } }, 'already_joined', undefined],
  [{ message_type: 'offer', content: { type: 'offer', sdp: 'no description at all' } }, 'bad_sdp', undefined],
  [
    {
      message_type: 'offer',
      content: {
        type: 'offer',
        sdp: 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n',
      },
    },
    'bad_sdp',
    undefined,
  ],
  [{ message_type: 'answer', content: { type: 'answer', sdp: 'v=0' } }, 'wrong_state', undefined],
  [{ message_type: 'candidate', content: { candidate: 'candidate:one two three', sdpMid: '0' } }, 'bad_candidate', undefined],
  [{ message_type: 'state', content: { audio: 'yes', video: true } }, 'bad_field', 'audio'],
];

describe('bad signaling', withChromium, () => {
  const call = Fixture.use();

  it('is answered by an error that says what was wrong; the connection and the call go on', async (t) => {
    const room = call.room();
    const people = await call.joinAll(t, room, ['Ada', 'Bob']);
    await allSeeAll(people);
    const ada = people[0];
    assert.ok(ada);
    const join = { message_type: 'join', content: { room: call.room(), name: 'Eve' } };
    const sent = [
      ...BEFORE_JOINING.map(([message]) => message),
      join,
      ...AFTER_JOINING.map(([message]) => message),
      { message_type: 'ping' },
    ];
    const replies = await ada.page.evaluate(exchange, sent);
    const expected = [...BEFORE_JOINING, null, ...AFTER_JOINING, null];
    for (const [index, expectation] of expected.entries()) {
      const [said, reply] = [JSON.stringify(sent[index]), replies[index]];
      if (!expectation) {
        assert.match(reply.message_type, /^(joined|pong)$/, `to ${said} came ${JSON.stringify(reply)}`);
        continue;
      }
      const [, code, field] = expectation;
      assert.equal(reply.message_type, 'error', `to ${said} came ${JSON.stringify(reply)}`);
      assert.equal(reply.content.code, code, `to ${said} came ${JSON.stringify(reply)}`);
      if (field) assert.equal(reply.content.field, field, `to ${said} came ${JSON.stringify(reply)}`);
      assert.ok(reply.content.message.length > 10, `no sentence in ${JSON.stringify(reply)}`);
    }
    await allSeeAll(people);
  });
});

/**
 * In the page: one socket, each message sent when the last one has been answered.
 * @param {unknown[]} messages
 * @returns {Promise<any[]>}
 */
function exchange(messages) {
  const socket = new WebSocket(`ws://${location.host}/signaling`);
  const replies = /** @type {any[]} */ ([]);
  return new Promise((resolve, reject) => {
    const next = () => {
      const message = messages[replies.length];
      if (replies.length === messages.length) socket.close();
      else socket.send(typeof message === 'string' ? message : JSON.stringify({ ...Object(message), id: replies.length }));
    };
    socket.onopen = next;
    socket.onmessage = ({ data }) => {
      replies.push(JSON.parse(data));
      next();
    };
    socket.onerror = () => reject(new Error('the socket failed'));
    socket.onclose = () =>
      replies.length === messages.length ? resolve(replies) : reject(new Error(`closed after ${JSON.stringify(replies.at(-1))}`));
  });
}
