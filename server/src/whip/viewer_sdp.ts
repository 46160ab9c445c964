// What WHEP asks of a viewer's offer and of the answer to it, as changes to their text (draft-ietf-wish-whep §4.2).
import { HttpError } from './http_error.js';

type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
const direction = /^a=(sendrecv|sendonly|recvonly|inactive)\r?\n/m;

/**
 * The offer with every section recvonly: sendrecv is allowed, and means no more here. RFC 8866 §6.7: it is also the default.
 * Throws HttpError 400 for sendonly and inactive.
 */
export function watchingOffer(offer: string): string {
  const [session = '', ...sections] = offer.split(/^(?=m=)/m);
  const common = direction.exec(session)?.[1] ?? 'sendrecv';
  const turned = sections.map((section, index) => {
    if (!/^m=(audio|video) /.test(section)) return section;
    const own = (direction.exec(section)?.[1] ?? common) as Direction;
    if (own === 'sendonly' || own === 'inactive')
      throw new HttpError(400, `the m= section number ${index + 1} is ${own}; expected a=recvonly in each`);
    const rest = section.replace(direction, '');
    return `${rest}${rest.endsWith('\n') ? '' : '\r\n'}a=recvonly\r\n`;
  });
  return session.replace(direction, '') + turned.join('');
}

/**
 * The answer as the viewer gets it: every section sendonly, whether or not somebody sends there by now, and no SSRC named, so that
 * whoever sends there later is heard and seen too (the mid, else the payload type, tells the packets apart: RFC 8843 §9.2). A viewer
 * of one audio and one video track gets them as one MediaStream (draft-ietf-wish-whep §4.4.2).
 */
export function openAnswer(answer: string): string {
  const [session = '', ...sections] = answer.split(/^(?=m=)/m);
  const stream = /^a=msid:(\S+)/m.exec(answer)?.[1] ?? '-';
  const single = new Set(sections.map((section) => section.slice(0, 'm=audio'.length))).size === sections.length;
  const opened = sections.map((section) => {
    const open = section.replace(/^a=ssrc(-group)?:[^\r\n]*\r\n/gm, '').replace(/^a=inactive\r\n/m, 'a=sendonly\r\n');
    const [, track = `track-${/^a=mid:(\S+)/m.exec(section)?.[1]}`] = /^a=msid:\S+ (\S+)/m.exec(open) ?? [];
    if (open.includes('\r\na=msid:') && !single) return open;
    return open
      .replace(/^a=msid:[^\r\n]*\r\n/m, '')
      .replace(/^a=sendonly\r\n/m, `a=sendonly\r\na=msid:${single ? stream : '-'} ${track}\r\n`);
  });
  return session + opened.join('');
}
