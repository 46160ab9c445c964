// WHIP (RFC 9725) by bare HTTP against a real server: every status code and header, ICE by PATCH (WHEP's too), and tokens.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { SignJWT } from 'jose';
import { candidate, client, created, fragment, json, links, problem, sdp, watchSdp } from './http_support.js';
import { offerSdp, startServer, startServerWith } from './support.js';

const turn = 'turn:user:p"w@turn.example.net:3478?transport=tcp';
const server = await startServer({ after }, '--room-limit', '8', '--ice-server', 'stun:stun.example.net:3478', '--ice-server', turn);
const { ask, postSdp, whip, whep, health } = client(server);
let rooms = 0;
const freshRoom = () => `whip-${++rooms}`;

test('a POST with an offer is 201 with the answer, and all headers of RFC 9725', async () => {
  const room = freshRoom();
  const response = await postSdp(`/whip/${room}`);
  const { answer, location, etag, headers } = await created(response);
  assert.equal(headers.get('content-type'), sdp);
  assert.match(location, new RegExp(`^/whip/${room}/sessions/[\\w-]{32}$`));
  assert.match(etag, /^"[^"]+"$/);
  assert.equal(headers.get('accept-patch'), fragment);
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.match(headers.get('access-control-expose-headers'), /Location.*ETag.*Link/);
  assert.match(answer, /^v=0\r\n/);
  assert.equal(answer.match(/^a=recvonly\r$/gm).length, 2);
  assert.doesNotMatch(answer, /^a=(sendonly|sendrecv|inactive)/m);
  assert.match(answer, /^a=candidate:.*\r\n/m);
  assert.deepEqual(links(headers), [
    { url: 'stun:stun.example.net:3478', rel: 'ice-server' },
    {
      url: 'turn:turn.example.net:3478?transport=tcp',
      rel: 'ice-server',
      username: 'user',
      credential: 'p"w',
      'credential-type': 'password',
    },
  ]);
});

test('OPTIONS is 200 with Accept-Post and CORS, and asks for no token', async () => {
  for (const path of ['/whip/room', '/whep/room', '/whep/room/participants/ada']) {
    const response = await ask('OPTIONS', path, {
      headers: {
        Origin: 'https://example.org',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization',
      },
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('accept-post'), sdp);
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
    assert.match(response.headers.get('access-control-allow-methods'), /POST/);
    assert.match(response.headers.get('access-control-allow-headers'), /Authorization, Content-Type, If-Match/);
  }
  const session = await ask('OPTIONS', '/whip/room/sessions/any');
  assert.equal(session.headers.get('accept-patch'), fragment);
  assert.match(session.headers.get('access-control-allow-methods'), /PATCH.*DELETE/);
});

test('GET and HEAD are 2xx without content; what is not possible is 405 with Allow', async () => {
  const { location } = await whip(freshRoom());
  for (const path of ['/whip/room', '/whep/room', location]) {
    for (const method of ['GET', 'HEAD']) {
      const response = await ask(method, path);
      assert.equal(response.status, 204);
      assert.equal(await response.text(), '');
    }
  }
  const put = await problem(await ask('PUT', '/whip/room', { type: sdp, body: offerSdp }), 405, /PUT is not possible here/);
  assert.equal(put.headers.get('allow'), 'OPTIONS, GET, HEAD, POST');
  const post = await problem(await postSdp(location), 405, /POST is not possible/);
  assert.equal(post.headers.get('allow'), 'OPTIONS, GET, HEAD, PATCH, DELETE');
  await problem(await ask('DELETE', '/whip/room'), 405, /DELETE/);
});

test('a WHIP client is a participant to those in the room, and those who come later', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  const { location } = await whip(room, '?name=Studio%20A');
  const { content } = await ada.next('peer_joined');
  assert.deepEqual({ ...content, peer_id: '' }, { peer_id: '', name: 'Studio A', audio: true, video: true });
  assert.deepEqual(
    (await ada.next('offer')).content.tracks.map(({ peer_id, kind }) => [peer_id, kind]),
    [
      [content.peer_id, 'audio'],
      [content.peer_id, 'video'],
    ],
  );
  const bob = await server.join(room, 'Bob');
  assert.deepEqual(bob.joined.peers[1], content);
  assert.equal((await ask('DELETE', location)).status, 200);
  assert.deepEqual((await ada.next('peer_left')).content, { peer_id: content.peer_id, reason: 'left' });
  assert.deepEqual((await server.join(room, 'Eve')).joined.peers.length, 2);
});

test('DELETE ends the session, whatever If-Match says; after that it is 404', async () => {
  const before = (await health()).participants;
  const { location } = await whip(freshRoom());
  assert.equal((await health()).participants, before + 1);
  assert.equal((await ask('DELETE', location, { headers: { 'If-Match': '"another"' } })).status, 200);
  assert.equal((await health()).participants, before);
  await problem(await ask('DELETE', location), 404, /no such session/);
  await problem(await ask('PATCH', location, { type: fragment, body: 'a=end-of-candidates\r\n' }), 404, /no such session/);
});

test('a refused offer leaves nobody behind, and tells nobody', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  const before = (await health()).participants;
  for (const [offer, status, sentence] of [
    ['', 400, /v=0|line 1|empty/i],
    ['let me in', 400, /line 1/],
    [offerSdp.replace(/^a=ice-ufrag.*\r\n/gm, ''), 400, /a=ice-ufrag/],
    [offerSdp.replace(/^a=sendonly/gm, 'a=recvonly'), 400, /sends nothing in the section/],
    [offerSdp.replace(/^a=sendonly/gm, 'a=inactive'), 400, /sends nothing in the section/],
    [offerSdp.replace(/^a=sendonly/m, 'a=recvonly'), 400, /mid "0"/],
    [offerSdp.split(/^(?=m=)/m)[0], 400, /a=group:BUNDLE names the mid "0"/],
    [offerSdp.replace(/VP8/g, 'VP7').replace(/^(a=rtpmap:\d+) (?!VP7|rtx|opus)\w+/gm, '$1 X'), 422, /1 of the offer's 2 tracks/],
  ]) {
    await problem(await postSdp(`/whip/${room}`, offer), status, sentence);
  }
  assert.equal((await health()).participants, before);
  assert.deepEqual(await ada.everything(), []);
});

test('an offer of sendrecv is answered recvonly', async () => {
  const { answer } = await created(await postSdp(`/whip/${freshRoom()}`, offerSdp.replace(/^a=sendonly/gm, 'a=sendrecv')));
  assert.equal(answer.match(/^a=recvonly\r$/gm).length, 2);
});

for (const endpoint of ['whip', 'whep']) {
  test(`${endpoint}: a body of another type is 415, one too large 413, an answer that is not wanted 406`, async () => {
    const path = `/${endpoint}/${freshRoom()}`;
    const wrong = await problem(await ask('POST', path, { type: json, body: '{}' }), 415, /expected application\/sdp/);
    assert.equal(wrong.headers.get('accept-post'), sdp);
    await problem(await ask('POST', path), 415, /of no type/);
    await problem(await postSdp(path, 'x'.repeat((256 << 10) + 1)), 413, /at most 262144 bytes/);
    await problem(await postSdp(path, offerSdp, { Accept: 'text/html' }), 406, /Accept/);
    await problem(await postSdp(`/${endpoint}/a%20room`), 404, /a room has a name/);
  });
}

test('application/sdp may have parameters, and capitals', async () => {
  assert.equal((await ask('POST', `/whip/${freshRoom()}`, { type: 'Application/SDP; charset=utf-8', body: offerSdp })).status, 201);
});

test('a name that nobody could read is 400', async () => {
  await problem(await postSdp(`/whip/${freshRoom()}?name=${'n'.repeat(65)}`), 400, /1 to 64 characters/);
  await problem(await postSdp(`/whip/${freshRoom()}?name=%20`), 400, /1 to 64 characters/);
});

test('a full room is 503 with Retry-After', async () => {
  const room = freshRoom();
  for (let i = 0; i < 8; i++) await server.join(room, `p${i}`);
  const full = await problem(await postSdp(`/whip/${room}`), 503, /its most of 8/);
  assert.match(full.headers.get('retry-after'), /^\d+$/);
});

// --- Trickle ICE and ICE restarts -----------------------------------------------------------------------------------------------

const credentials = (text) => ['ice-ufrag', 'ice-pwd'].map((name) => new RegExp(`^a=${name}:(\\S+)`, 'm').exec(text)[1]);
const trickle = (ufrag, pwd, more = candidate) =>
  `a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:${ufrag}\r\na=ice-pwd:${pwd}\r\n${more}`;
const patch = (location, body, headers) => ask('PATCH', location, { type: fragment, body, headers });

for (const [endpoint, make] of [
  ['WHIP', () => whip(freshRoom())],
  [
    'WHEP',
    async () => {
      const room = freshRoom();
      await whip(room);
      return whep(room);
    },
  ],
]) {
  const offer = endpoint === 'WHIP' ? offerSdp : watchSdp;

  test(`${endpoint}: a trickled candidate is 204 without an ETag; without If-Match 428, with another 412`, async () => {
    const { location, etag } = await make();
    const body = trickle(...credentials(offer), `${candidate}a=end-of-candidates\r\n`);
    const response = await patch(location, body, { 'If-Match': etag });
    assert.equal(response.status, 204);
    assert.equal(response.headers.get('etag'), null);
    assert.equal(await response.text(), '');
    await problem(await patch(location, body), 428, /needs If-Match/);
    await problem(await patch(location, body, { 'If-Match': '"another"' }), 412, /another ICE session/);
    await problem(await patch(location, body, { 'If-Match': `W/${etag}` }), 412, /another ICE session/);
    assert.equal((await patch(location, body, { 'If-Match': `"another", ${etag}` })).status, 204);
    assert.equal((await patch(location, candidate, { 'If-Match': etag })).status, 204);
    assert.equal(
      (await patch(location, 'm=audio 9 X 0\r\na=mid:0\r\na=candidate:1 1 udp 1 who.local 5 typ host\r\n', { 'If-Match': etag })).status,
      204,
    );
  });

  test(`${endpoint}: new credentials restart ICE: 200 with ours, and a new ETag; the old one is 412 from then on`, async () => {
    const { location, etag, answer } = await make();
    const response = await patch(location, trickle('newU', 'n'.repeat(24)), { 'If-Match': '*' });
    const body = await response.text();
    assert.equal(response.status, 200, body);
    assert.equal(response.headers.get('content-type'), fragment);
    const newTag = response.headers.get('etag');
    assert.match(newTag, /^"[^"]+"$/);
    assert.notEqual(newTag, etag);
    assert.match(body, /^a=group:BUNDLE 0 1/m);
    assert.match(body, /^a=ice-lite\r$/m);
    assert.match(body, /^m=audio .*\r\na=mid:0\r\n|^m=audio [\s\S]*a=mid:0\r\n/m);
    assert.match(body, /^a=candidate:.* typ host/m);
    const [[ufrag, pwd], [ufragBefore, pwdBefore]] = [credentials(body), credentials(answer)];
    assert.notEqual(ufrag, ufragBefore);
    assert.notEqual(pwd, pwdBefore);
    await problem(await patch(location, candidate, { 'If-Match': etag }), 412, /another ICE session/);
    assert.equal((await patch(location, trickle('newU', 'n'.repeat(24)), { 'If-Match': newTag })).status, 204);
  });

  test(`${endpoint}: a fragment that cannot be read is 400 with its line, and the session goes on`, async () => {
    const { location, etag } = await make();
    for (const [body, sentence] of [
      ['rubbish', /line 1 .*expected a letter/],
      ['', /no ICE credentials, no candidates/],
      ['a=ice-ufrag:abcd\r\n', /a=ice-ufrag alone/],
      [`a=ice-pwd:${'p'.repeat(24)}\r\n`, /a=ice-pwd alone/],
      [trickle('abc', 'p'.repeat(24)), /line 4.*4 to 256/],
      [trickle('abcd', 'short'), /line 5.*22 to 256/],
      [trickle('abcd', 'p'.repeat(24), 'm=video 9 X 0\r\na=ice-ufrag:other\r\n'), /the same value in every section/],
      [`m=audio 9 X 0\r\na=mid:0\r\na=candidate:nonsense\r\n`, /candidate is malformed/],
      [`m=audio 9 X 0\r\na=mid:nine\r\n${candidate}`, /sdpMid/],
      [candidate.repeat(257), /at most 256 candidates/],
    ]) {
      await problem(await patch(location, body, { 'If-Match': etag }), 400, sentence);
    }
    await problem(await ask('PATCH', location, { type: sdp, body: candidate, headers: { 'If-Match': etag } }), 415, /trickle-ice-sdpfrag/);
    await problem(await patch(location, 'x'.repeat((64 << 10) + 1), { 'If-Match': etag }), 413, /at most 65536/);
    assert.equal((await patch(location, candidate, { 'If-Match': etag })).status, 204);
  });
}

// --- Tokens -------------------------------------------------------------------------------------------------------------------

test('with tokens: 401 without a good one, 403 for another room or right, and a session obeys its maker', async (t) => {
  const secret = randomBytes(32).toString('hex');
  const guarded = await startServerWith(t, { SLUICE_TOKEN_SECRET: secret }, '--tokens', 'required');
  const token = (claims, exp = Math.floor(Date.now() / 1000) + 60) =>
    new SignJWT({ room: 'r', sub: 'ada', publish: true, subscribe: true, exp, ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(secret));
  const send = (method, path, authorization, { type = sdp, body = offerSdp, ...headers } = {}) =>
    fetch(new URL(path, guarded.url), {
      method,
      ...(method === 'DELETE' ? {} : { body }),
      headers: { 'Content-Type': type, ...(authorization === undefined ? {} : { Authorization: authorization }), ...headers },
    });
  const good = `Bearer ${await token({})}`;
  for (const endpoint of ['whip', 'whep']) {
    const post = (authorization) => send('POST', `/${endpoint}/r`, authorization);
    const none = await problem(await post(undefined), 401, /without a token/);
    assert.equal(none.headers.get('www-authenticate'), 'Bearer realm="sluice"');
    await problem(await post('Basic YTpi'), 401, /not "Bearer"/);
    const bad = await problem(await post('Bearer rubbish'), 401, /not a signed JWT/);
    assert.match(bad.headers.get('www-authenticate'), /^Bearer realm="sluice", error="invalid_token", error_description="/);
    await problem(await post(`Bearer ${await token({}, 1)}`), 401, /expired/);
    const other = await problem(await post(`Bearer ${await token({ room: 'other' })}`), 403, /for the room "other"/);
    assert.match(other.headers.get('www-authenticate'), /error="insufficient_scope"/);
  }
  await problem(await send('POST', '/whip/r', `Bearer ${await token({ publish: false })}`), 403, /to publish/);
  await problem(await send('POST', '/whep/r', `Bearer ${await token({ subscribe: false })}`, { body: watchSdp }), 403, /to subscribe/);
  assert.equal((await (await fetch(`${guarded.url}/health`)).json()).rooms, 0);

  const { location, etag } = await created(await send('POST', '/whip/r', good));
  const trickled = (authorization) => send('PATCH', location, authorization, { type: fragment, body: candidate, 'If-Match': etag });
  await problem(await trickled(undefined), 401, /without a token/);
  await problem(await trickled(`Bearer ${await token({ sub: 'mallory' })}`), 403, /another token/);
  await problem(await send('DELETE', location, `Bearer ${await token({ sub: 'mallory' })}`), 403, /another token/);
  assert.equal((await trickled(good)).status, 204);
  assert.equal((await trickled(`Bearer ${await token({})}`)).status, 204);
  const { location: viewing } = await created(await send('POST', '/whep/r', good, { body: watchSdp }));
  await problem(await send('POST', `${viewing}/layer`, undefined, { type: json, body: '{}' }), 401, /without a token/);
  assert.equal((await send('DELETE', viewing, good)).status, 200);
  assert.equal((await send('DELETE', location, good)).status, 200);
});

test('a worker that dies takes its sessions along', async (t) => {
  const own = await startServer(t);
  const response = await fetch(`${own.url}/whip/r`, { method: 'POST', body: offerSdp, headers: { 'Content-Type': sdp } });
  assert.equal(response.status, 201);
  process.kill(own.workerPids()[0], 'SIGKILL');
  for (let i = 0; i < 100; i++) {
    const { participants: left } = await (await fetch(`${own.url}/health`)).json();
    if (left === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const gone = await fetch(new URL(response.headers.get('location'), own.url), { method: 'DELETE' });
  assert.equal(gone.status, 404);
});
