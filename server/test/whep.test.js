// WHEP (draft-ietf-wish-whep and its core extensions) by bare HTTP against a real server: who is watched, layers, events.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { client, created, json, links, offerNamed, problem, sdp, watchSdp } from './http_support.js';
import { publish, startServer } from './support.js';

const server = await startServer({ after });
const { ask, postSdp, whip, whep, health, eventStream } = client(server);
let rooms = 0;
const freshRoom = () => `whep-${++rooms}`;

test('a viewer is answered sendonly in every section, as one MediaStream, and is seen by nobody', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  await publish(ada);
  const one = watchSdp
    .split(/^(?=m=)/m)
    .slice(0, 3)
    .join('')
    .replace('BUNDLE 0 1 2', 'BUNDLE 0 1');
  const { answer, location, headers } = await whep(room, one);
  assert.match(location, new RegExp(`^/whep/${room}/sessions/[\\w-]{32}$`));
  assert.equal(answer.match(/^a=sendonly\r$/gm).length, 2);
  assert.equal(new Set([...answer.matchAll(/^a=msid:(\S+) /gm)].map(([, stream]) => stream)).size, 1);
  assert.equal(answer.match(/^a=msid:/gm).length, 2);
  const [layer, events] = links(headers).filter(({ rel }) => rel.startsWith('urn:'));
  assert.deepEqual(layer, { url: `${location}/layer`, rel: 'urn:ietf:params:whep:ext:core:layer' });
  assert.deepEqual(events, {
    url: `${location}/events`,
    rel: 'urn:ietf:params:whep:ext:core:server-sent-events',
    events: 'active,inactive,layers,viewercount',
  });
  assert.equal((await ask('DELETE', location)).status, 200);
  assert.deepEqual(await ada.everything(), []);
});

test('where nobody sends a viewer is 409 with Retry-After, and leaves no room behind', async () => {
  const empty = freshRoom();
  const refused = await problem(await postSdp(`/whep/${empty}`, watchSdp), 409, /nobody is sending/);
  assert.match(refused.headers.get('retry-after'), /^\d+$/);
  const silent = freshRoom();
  const { rooms: before } = await health();
  await server.join(silent, 'Ada');
  await problem(await postSdp(`/whep/${silent}`, watchSdp), 409, /nobody is sending/);
  assert.equal((await health()).rooms, before + 1);
});

test('a viewer that would send is taken as one that receives; sendonly and inactive are 400', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  await publish(ada);
  const { answer } = await whep(room, watchSdp.replace(/^a=recvonly/gm, 'a=sendrecv'));
  assert.equal(answer.match(/^a=sendonly\r$/gm).length, 3);
  for (const direction of ['sendonly', 'inactive'])
    await problem(
      await postSdp(`/whep/${room}`, watchSdp.replace(/^a=recvonly/m, `a=${direction}`)),
      400,
      new RegExp(`number 1 is ${direction}`),
    );
  await problem(await postSdp(`/whep/${room}`, 'v=0\r\n'), 400, /./);
  assert.deepEqual(await ada.everything(), []);
});

test('server-sent events tell of publishing and of viewers, to who asked for them', async (t) => {
  const room = freshRoom();
  const publication = await whip(room);
  const viewer = await whep(room);
  const made = await ask('POST', `${viewer.location}/events`, { type: json, body: '["active","inactive","viewercount","weather"]' });
  assert.equal(made.status, 201);
  const path = made.headers.get('location');
  assert.match(path, new RegExp(`^${viewer.location}/events/[\\w-]+$`));
  const events = await eventStream(t, path);
  assert.match(events.response.headers['content-type'], /^text\/event-stream/);
  assert.deepEqual(await events.next('active'), {});
  assert.deepEqual(await events.next('viewercount'), { viewercount: 1 });
  const second = await whep(room);
  assert.deepEqual(await events.next('viewercount'), { viewercount: 2 });
  await ask('DELETE', second.location);
  assert.deepEqual(await events.next('viewercount'), { viewercount: 1 });
  await ask('DELETE', publication.location);
  assert.deepEqual(await events.next('inactive'), {});
  await whip(room);
  assert.deepEqual(await events.next('active'), {});
  assert.equal((await ask('DELETE', path)).status, 200);
  await events.closed;
  await problem(await ask('GET', path), 404, /no such event stream/);
  await problem(await ask('DELETE', path), 404, /no such event stream/);
});

test('an event stream keeps what happens while nobody reads it, and ends with its session', async (t) => {
  const room = freshRoom();
  await whip(room);
  const viewer = await whep(room);
  const made = await ask('POST', `${viewer.location}/events`);
  assert.equal(made.status, 201);
  await ask('DELETE', (await whep(room)).location);
  const events = await eventStream(t, made.headers.get('location'));
  assert.deepEqual(await events.next('viewercount'), { viewercount: 1 });
  assert.deepEqual(await events.next('viewercount'), { viewercount: 2 });
  assert.deepEqual(await events.next('viewercount'), { viewercount: 1 });
  await ask('DELETE', viewer.location);
  await events.closed;
  await problem(await ask('GET', made.headers.get('location')), 404, /no such session/);
});

test('events and layers that cannot be had are refused by name', async () => {
  const room = freshRoom();
  await whip(room);
  const { location } = await whep(room);
  const post = (what, body, type = json) => ask('POST', `${location}/${what}`, { type, body });
  await problem(await post('events', '{'), 400, /not JSON/);
  await problem(await post('events', '{}'), 400, /array of names/);
  await problem(await post('events', '[1]'), 400, /array of names/);
  await problem(await post('events', '[]', 'text/plain'), 415, /application\/json/);
  await problem(await post('layer', '[]'), 400, /a JSON object/);
  await problem(await post('layer', '{"mediaId":1}'), 400, /mediaId must be a string/);
  await problem(await post('layer', '{"mediaId":"7"}'), 400, /mediaId must be the number of a video m-line/);
  await problem(await post('layer', '{"mediaId":"0"}'), 400, /a video m-line/);
  await problem(await post('layer', '{"spatialLayerId":-1}'), 400, /spatialLayerId must be an integer/);
  await problem(await post('layer', '{"maxWidth":640}'), 422, /maxWidth is not supported/);
  await problem(await post('layer', '{"rid":"f"}'), 422, /one layer only/);
  await problem(await post('layer', '{}', sdp), 415, /application\/json/);
  await problem(await post('layer', `{"rid":"${'r'.repeat(5_000)}"}`), 413, /at most 4096/);
  assert.equal((await post('layer', '{}')).status, 200);
  for (let i = 0; i < 8; i++) assert.equal((await ask('POST', `${location}/events`)).status, 201);
  await problem(await ask('POST', `${location}/events`), 409, /at most 8 event streams/);
});

test('a viewer of simulcast is told of its layers and chooses among them', async (t) => {
  const room = freshRoom();
  const simulcast = offerNamed('chromium-simulcast');
  const sending = simulcast.replace(/^a=sendrecv/gm, 'a=sendonly');
  await created(await postSdp(`/whip/${room}`, sending));
  const { location } = await whep(room);
  const made = await ask('POST', `${location}/events`, { type: json, body: '["layers"]' });
  const events = await eventStream(t, made.headers.get('location'));
  const layers = await events.next('layers');
  const rids = /^a=simulcast:send (\S+)/m.exec(sending)[1].split(';');
  const [video] = Object.values(layers);
  assert.deepEqual(new Set(video.map(({ rid }) => rid)), new Set(rids));
  const choose = (body) => ask('POST', `${location}/layer`, { type: json, body: JSON.stringify(body) });
  for (const rid of rids) assert.equal((await choose({ mediaId: Object.keys(layers)[0], rid })).status, 200);
  assert.equal((await choose({ rid: rids[0], maxTemporalLayerId: 0 })).status, 200);
  assert.equal((await choose({})).status, 200);
  await problem(await choose({ rid: 'huge' }), 422, new RegExp(`one of ${rids.join(', ')}`));
});

test('a viewer of one participant, by id, by name, gets that one alone; one who sends nothing yet is 409', async (t) => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  await publish(ada);
  await problem(await postSdp(`/whep/${room}/participants/Bob`, watchSdp), 409, /nobody is sending/);
  const bob = await server.join(room, 'Bob');
  await problem(await postSdp(`/whep/${room}/participants/Bob`, watchSdp), 409, /nobody is sending/);
  await publish(bob);
  const offers = (await server.join(room, 'Eve')).next('offer');
  const tracks = (await offers).content.tracks.length;
  assert.equal(tracks, 4);
  const sends = ({ answer }) => answer.match(/^a=msid:(?!- )/gm)?.length ?? 0;
  for (const who of ['Bob', bob.joined.peer_id])
    assert.equal(sends(await created(await postSdp(`/whep/${room}/participants/${who}`, watchSdp))), 2);
  assert.equal(sends(await whep(room)), 3);
  const viewer = await created(await postSdp(`/whep/${room}/participants/Bob`, watchSdp));
  const made = await ask('POST', `${viewer.location}/events`, { type: json, body: '["active","inactive","viewercount"]' });
  const events = await eventStream(t, made.headers.get('location'));
  assert.deepEqual(await events.next('active'), {});
  assert.deepEqual(await events.next('viewercount'), { viewercount: 2 });
  bob.send('leave');
  assert.deepEqual(await events.next('inactive'), {});
  await publish(await server.join(room, 'Bob'));
  assert.deepEqual(await events.next('active'), {});
});
