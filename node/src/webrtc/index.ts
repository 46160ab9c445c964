/** Offer and answer with the names of W3C WebRTC: one {@link RTCPeerConnection} is one participant of a room. */
export {
  RTCPeerConnection,
  type RTCPeerConnectionEvents,
  type RTCPeerConnectionOptions,
  type RTCPeerConnectionTransportOptions,
} from './peer_connection.js';
export { RTCSessionDescription } from './session_description.js';
