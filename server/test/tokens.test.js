// docs/tokens.md against a real server: who is let in, what they may do, and that the refused leave nothing behind.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SignJWT, UnsecuredJWT } from 'jose';
import { answer, offerSdp, publish, run, startServer } from './support.js';

const folder = mkdtempSync(join(tmpdir(), 'sluice-tokens-'));
after(() => rmSync(folder, { recursive: true }));
const file = (name, content) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const secret = randomBytes(48).toString('base64');
const secretFile = file('secret', `${secret}\n`);
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicFile = file('public.pem', pair.publicKey.export({ type: 'spki', format: 'pem' }));
const privateFile = file('private.pem', pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
const rsaFile = file('rsa.pem', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }));

const server = await startServer({ after }, '--tokens', 'required', '--token-secret-file', secretFile, '--token-public-key', publicFile);
const now = () => Math.floor(Date.now() / 1000);
const all = { room: 'r', sub: 'ada', publish: true, subscribe: true };

/** Signed with the server's secret unless told otherwise. */
async function token(claims = {}, { alg = 'HS256', key = Buffer.from(secret), exp = now() + 60 } = {}) {
  const payload = { ...all, ...(exp === null ? {} : { exp }), ...claims };
  return new SignJWT(Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined)))
    .setProtectedHeader({ alg })
    .sign(key);
}

async function participants() {
  return (await (await fetch(`${server.url}/health`)).json()).participants;
}

async function enter(claims, more = {}) {
  const client = await server.connect();
  const reply = await client.request('join', { room: 'r', name: 'Somebody', token: await token(claims), ...more });
  assert.equal(reply.message_type, 'joined', reply.content.message);
  client.joined = reply.content;
  return client;
}

test('a token lets in, by HS256 and by ES256, and tells who it is', async () => {
  const ada = await enter({ name: 'Ada Lovelace' });
  const bob = await server.connect();
  const es256 = await token({ sub: 'bob' }, { alg: 'ES256', key: pair.privateKey });
  const { message_type, content } = await bob.request('join', { room: 'r', name: 'Bob', token: es256 });
  assert.equal(message_type, 'joined');
  assert.deepEqual(content.peers, [{ peer_id: ada.joined.peer_id, name: 'Ada Lovelace', audio: false, video: false, identity: 'ada' }]);
  assert.deepEqual((await ada.next('peer_joined')).content, {
    peer_id: content.peer_id,
    name: 'Bob',
    audio: false,
    video: false,
    identity: 'bob',
  });
  assert.deepEqual([content.may_publish, content.may_subscribe], [true, true]);
  for (const client of [ada, bob]) client.send('leave');
  await Promise.all([ada.closed, bob.closed]);
});

const other = Buffer.from('x'.repeat(48));
for (const [what, make, code, message] of [
  ['no token', () => undefined, 'token_required', /nobody in without a token/],
  ['an empty token', () => '', 'token_required', /without a token/],
  ['text that is no token', () => 'let-me-in', 'bad_token', /not a signed JWT/],
  ['a token of another secret', () => token({}, { key: other }), 'bad_token', /signature does not hold/],
  ['a token whose claims were changed', async () => tampered(await token()), 'bad_token', /signature does not hold/],
  ['an unsigned token', () => new UnsecuredJWT({ ...all, exp: now() + 60 }).encode(), 'bad_token', /no key for|not a signed JWT/],
  ['a token by HS512', () => token({}, { alg: 'HS512', key: Buffer.from(secret) }), 'bad_token', /algorithm that this server has no key/],
  [
    'a token signed by the public key as if it were a secret',
    () => token({}, { key: Buffer.from(pair.publicKey.export({ type: 'spki', format: 'pem' })) }),
    'bad_token',
    /signature does not hold/,
  ],
  ['an expired token', () => token({}, { exp: now() - 10 }), 'token_expired', /has expired/],
  ['a token without an expiry', () => token({}, { exp: null }), 'bad_token', /claim "exp" is missing/],
  ['a token that is not valid yet', () => token({ nbf: now() + 60 }), 'bad_token', /not valid yet/],
  ['a token for another room', () => token({ room: 'other' }), 'not_allowed', /for the room "other", not for "r"/],
  ['a token without a room', () => token({ room: undefined }), 'bad_token', /claim "room"/],
  ['a token without an identity', () => token({ sub: undefined }), 'bad_token', /claim "sub"/],
  ['a token whose publish is no boolean', () => token({ publish: 'yes' }), 'bad_token', /claim "publish" must be a boolean/],
  ['a token with a name of 65 characters', () => token({ name: 'n'.repeat(65) }), 'bad_token', /claim "name"/],
]) {
  test(`${what} is ${code}, before anything is made for its holder`, async () => {
    const client = await server.connect();
    const reply = await client.request('join', { room: 'r', name: 'Eve', token: await make() });
    assert.equal(reply.message_type, 'error');
    assert.equal(reply.content.code, code, reply.content.message);
    assert.match(reply.content.message, message);
    assert.equal(reply.content.field, code === 'not_allowed' ? undefined : 'token');
    assert.equal(await participants(), 0);
    assert.equal((await client.request('offer', { type: 'offer', sdp: offerSdp })).content.code, 'not_joined');
  });
}

/** May publish, now. */
function tampered(jwt) {
  const [header, claims, signature] = jwt.split('.');
  const changed = { ...JSON.parse(Buffer.from(claims, 'base64url')), sub: 'mallory' };
  return [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
}

test('who may not publish is refused an offer that sends, keeps the connection, and watches', async () => {
  const viewer = await enter({ room: 'watch', sub: 'viewer', publish: false }, { room: 'watch', offers: true });
  assert.equal(viewer.joined.may_publish, false);
  const refused = await viewer.request('offer', { type: 'offer', sdp: offerSdp });
  assert.equal(refused.message_type, 'error');
  assert.equal(refused.content.code, 'not_allowed');
  assert.match(refused.content.message, /does not allow to publish/);
  const watching = offerSdp.replace(/^a=sendonly/gm, 'a=recvonly').replace(/^a=(ssrc|ssrc-group|msid).*\r\n/gm, '');
  const taken = await viewer.request('offer', { type: 'offer', sdp: watching });
  assert.equal(taken.message_type, 'answer', taken.content.message);
  const ada = await enter({ room: 'watch' }, { room: 'watch' });
  await publish(ada);
  const offered = await viewer.next('offer');
  assert.equal(offered.content.tracks.length, 2);
  answer(viewer, offered);
  assert.deepEqual(await ada.everything(), []);
});

test('who may not subscribe is offered nothing, and publishes', async () => {
  const ada = await enter({ room: 'talk' }, { room: 'talk' });
  await publish(ada);
  const camera = await enter({ room: 'talk', sub: 'camera', subscribe: false }, { room: 'talk' });
  assert.equal(camera.joined.may_subscribe, false);
  await publish(camera);
  assert.equal((await ada.next('offer')).content.tracks.length, 2);
  assert.deepEqual(
    (await camera.everything()).map(({ message_type }) => message_type),
    [],
  );
});

test('a server for this machine only asks for none, but holds who shows one to it', async (t) => {
  const open = await startServer(t, '--token-secret-file', secretFile);
  assert.match(open.output.out, /rooms are open to everybody, without tokens/);
  assert.equal((await open.join('r', 'Ada')).joined.may_publish, true);
  const client = await open.connect();
  const reply = await client.request('join', { room: 'r', name: 'Bob', token: await token({ publish: false }) });
  assert.equal(reply.content.may_publish, false);
  assert.equal((await (await open.connect()).request('join', { room: 'r', name: 'Eve', token: 'x' })).content.code, 'bad_token');
});

test('a server for other machines asks for tokens, and its first line says so', async (t) => {
  const outside = await startServer(t, '--host', '0.0.0.0', '--token-public-key', publicFile);
  assert.match(outside.output.out, /entering a room takes a token/);
  assert.equal((await (await outside.connect()).request('join', { room: 'r', name: 'X' })).content.code, 'token_required');
  const told = await startServer(t, '--host', '0.0.0.0', '--tokens', 'off');
  assert.match(told.output.out, /open to everybody/);
  assert.equal((await told.join('r', 'Ada')).joined.room, 'r');
});

for (const [what, args, env, message] of [
  [
    'an address for others without a key',
    ['--host', '0.0.0.0'],
    {},
    /--host 0\.0\.0\.0 .*takes a token.*--token-secret-file.*--tokens off/,
  ],
  ['tokens required without a key', ['--tokens', 'required'], {}, /--tokens required needs a key/],
  ['a policy that is none', ['--tokens', 'maybe'], {}, /--tokens.*auto, required, off/],
  ['a secret that is too short', [], { SLUICE_TOKEN_SECRET: 'short' }, /SLUICE_TOKEN_SECRET has 5 bytes.*at least 32/],
  ['a secret file that is not there', ['--token-secret-file', '/nowhere'], {}, /--token-secret-file: cannot read \/nowhere: ENOENT/],
  ['a key that is no key', ['--token-public-key', secretFile], {}, /--token-public-key .*is not a public key in PEM/],
  ['a key of another kind', ['--token-public-key', rsaFile], {}, /kind rsa; ES256 needs the curve P-256/],
]) {
  test(`${what} is one clear line and exit code 1`, async () => {
    const { output, exited } = run(['--port', '0', '--workers', '1', ...args], env);
    assert.deepEqual(await exited, [1, null]);
    assert.match(output.err, message);
    assert.equal(output.err.trim().split('\n').length, 1, output.err);
  });
}

/** Tokens may be made by anything: another server under test has no command for it. */
const minting = { skip: process.env.SLUICE_TEST_SERVER ? 'sluice-server’s own command' : false };

for (const [algorithm, args, env] of [
  ['HS256', ['--token-secret-file', secretFile], {}],
  ['HS256', [], { SLUICE_TOKEN_SECRET: secret }],
  ['ES256', ['--token-private-key', privateFile], {}],
]) {
  test(`sluice-server token makes one by ${algorithm} that lets in (${args[0] ?? 'environment'})`, minting, async () => {
    const made = run(
      ['token', '--room', 'minted', '--identity', 'zoe', '--name', 'Zoë', '--no-subscribe', '--valid-for', '5m', ...args],
      env,
    );
    assert.deepEqual(await made.exited, [0, null]);
    const jwt = made.output.out.trim();
    const [header, claims] = jwt
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    assert.equal(header.alg, algorithm);
    assert.equal(claims.exp - claims.iat, 300);
    const client = await server.connect();
    const { content } = await client.request('join', { room: 'minted', name: 'X', token: jwt });
    assert.deepEqual([content.may_publish, content.may_subscribe], [true, false]);
    client.send('leave');
    await client.closed;
  });
}

for (const [args, message] of [
  [['--identity', 'ada'], /required option '--room/],
  [['--room', 'r', '--identity', 'ada'], /needs a key to sign it with/],
  [['--room', 'r', '--identity', 'ada', '--valid-for', 'soon', '--token-secret-file', secretFile], /--valid-for.*such as 90s/],
  [['--room', 'r', '--identity', 'i'.repeat(65), '--token-secret-file', secretFile], /claim "sub"/],
  [['--room', 'r', '--identity', 'ada', '--token-private-key', publicFile], /not a private key in PEM/],
]) {
  test(`sluice-server token ${args.join(' ').slice(0, 60)} is one clear line`, minting, async () => {
    const { output, exited } = run(['token', ...args]);
    assert.deepEqual(await exited, [1, null]);
    assert.match(output.err, message);
    assert.equal(output.err.trim().split('\n').length, 1, output.err);
    assert.equal(output.out, '');
  });
}
