// The keys that tokens are signed with: read once at the start, so that a wrong one is a sentence then and not a refusal later.
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

export type Algorithm = 'HS256' | 'ES256';

export interface Keys {
  /** Shared with whoever makes tokens. */
  HS256?: KeyObject;
  /** The public half, or the private one where tokens are made. */
  ES256?: KeyObject;
}

/** RFC 7518 §3.2: at least as long as the hash. */
const leastSecretBytes = 32;

/** Throws TypeError; `source` names the option in its sentence. */
export function secretKey(text: string | Buffer, source: string): KeyObject {
  const bytes = Buffer.from(text);
  if (bytes.length < leastSecretBytes) {
    throw new TypeError(`${source} has ${bytes.length} bytes; HS256 needs at least ${leastSecretBytes} (try: openssl rand -base64 48)`);
  }
  return createSecretKey(bytes);
}

/** A secret in a file; a newline at its end is not part of it. */
export function secretKeyFile(path: string, source: string): KeyObject {
  return secretKey(read(path, source).toString('utf8').trimEnd(), `${source} ${path}`);
}

/** A key on the curve P-256, PEM. Private: a private key is needed. */
export function ecKeyFile(path: string, source: string, half: 'public' | 'private'): KeyObject {
  const pem = read(path, source);
  let key: KeyObject;
  try {
    key = half === 'private' ? createPrivateKey(pem) : createPublicKey(pem);
  } catch {
    throw new TypeError(`${source} ${path} is not a ${half} key in PEM`);
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    const what = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'unknown';
    throw new TypeError(
      `${source} ${path} is a key of the kind ${what}; ES256 needs the curve P-256 (openssl ecparam -name prime256v1 -genkey -noout)`,
    );
  }
  return key;
}

function read(path: string, source: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new TypeError(`${source}: cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`);
  }
}
