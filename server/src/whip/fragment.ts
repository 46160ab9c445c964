// application/trickle-ice-sdpfrag (RFC 8840 §4.4): what a client tells of its ICE, and what it is told after a restart.
//
// Descriptions are parsed by the worker alone. Here lines are only told apart, so that candidates can be handed on one by one and an
// ICE restart, which comes without an offer, can be made into one: the client's last offer with its new credentials.
import { HttpError } from './http_error.js';

export interface Fragment {
  /** Absent where the client names none: then it means the current ones. */
  credentials: { ufrag: string; pwd: string } | undefined;
  candidates: { candidate: string; sdpMid: string | undefined }[];
  ended: boolean;
}

const mostCandidates = 256;
const linePattern = /^[a-z]=[^\0]*$/;

/** Throws HttpError 400 that names the line. */
export function readFragment(text: string): Fragment {
  let mid: string | undefined;
  let ufrag: string | undefined;
  let pwd: string | undefined;
  const candidates: Fragment['candidates'] = [];
  let ended = false;
  text.split(/\r\n|\n/).forEach((line, index, { length }) => {
    if (line === '' && index === length - 1) return;
    const bad = (expected: string): never => {
      throw new HttpError(400, `line ${index + 1} of the fragment, "${line.slice(0, 60)}": expected ${expected}`);
    };
    if (!linePattern.test(line)) bad('a letter, "=" and a value');
    if (line.startsWith('m=')) mid = undefined;
    const [, name = '', value = ''] = /^a=([^:]+):?(.*)$/.exec(line) ?? [];
    if (name === 'mid') mid = value;
    // RFC 8839 §5.4: 4 to 256 and 22 to 256 characters. Every section of a bundle has the same.
    else if (name === 'ice-ufrag') ufrag = same(ufrag, iceChars(value, 4) ?? bad('4 to 256 letters, digits, "+" or "/"'), bad);
    else if (name === 'ice-pwd') pwd = same(pwd, iceChars(value, 22) ?? bad('22 to 256 letters, digits, "+" or "/"'), bad);
    else if (name === 'end-of-candidates') ended = true;
    else if (name === 'candidate') {
      if (candidates.length === mostCandidates) bad(`at most ${mostCandidates} candidates`);
      candidates.push({ candidate: line.slice(2), sdpMid: mid });
    }
  });
  if ((ufrag === undefined) !== (pwd === undefined))
    throw new HttpError(
      400,
      `the fragment has a=ice-${ufrag ? 'ufrag' : 'pwd'} alone; expected both of a=ice-ufrag and a=ice-pwd, or neither`,
    );
  if (ufrag === undefined && candidates.length === 0 && !ended)
    throw new HttpError(400, 'the fragment has no ICE credentials, no candidates and no end of them');
  return { credentials: ufrag === undefined ? undefined : { ufrag, pwd: pwd! }, candidates, ended };
}

function iceChars(value: string, least: number): string | undefined {
  return value.length >= least && value.length <= 256 && /^[A-Za-z0-9+/]+$/.test(value) ? value : undefined;
}

function same(before: string | undefined, now: string, bad: (expected: string) => never): string {
  return before === undefined || before === now ? now : bad('the same value in every section');
}

/** The ICE credentials of a description: of its first section that has them. */
export function credentialsOf(sdp: string): { ufrag: string; pwd: string } {
  const value = (name: string): string => new RegExp(`^a=${name}:([^\\r\\n]*)`, 'm').exec(sdp)?.[1] ?? '';
  return { ufrag: value('ice-ufrag'), pwd: value('ice-pwd') };
}

/** The client's offer as it would be after its ICE restart. */
export function restartedOffer(offer: string, { credentials, candidates }: Fragment): string {
  const { ufrag, pwd } = credentials!;
  const replaced = offer
    .replace(/^a=(candidate:.*|end-of-candidates)(\r\n|\n)/gm, '')
    .replace(/^a=ice-ufrag:[^\r\n]*/gm, `a=ice-ufrag:${ufrag}`)
    .replace(/^a=ice-pwd:[^\r\n]*/gm, `a=ice-pwd:${pwd}`);
  if (candidates.length === 0) return replaced;
  // The offerer-tagged section is the first: the only one that gathers (RFC 9725 §4.3.2).
  const [session = '', first = '', ...others] = replaced.split(/^(?=m=)/m);
  return session + first + candidates.map(({ candidate }) => `a=${candidate}\r\n`).join('') + others.join('');
}

/** What an answer of ours says of ICE: its first section. */
export function fragmentOf(answer: string): string {
  const [session = '', first = ''] = answer.split(/^(?=m=)/m);
  const kept = (part: string, names: string): string => part.match(new RegExp(`^a=(?:${names})\\b[^\\r\\n]*\\r\\n`, 'gm'))?.join('') ?? '';
  const line = /^m=[^\r\n]*\r\n/.exec(first)?.[0] ?? '';
  return (
    kept(session, 'ice-lite|ice-options|group:BUNDLE') + line + kept(first, 'mid|ice-ufrag|ice-pwd|ice-options|candidate|end-of-candidates')
  );
}
