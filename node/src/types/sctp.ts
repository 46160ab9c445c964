// SCTP and the messages that data producers and consumers carry.

/** Of one data channel. `maxPacketLifeTime` and `maxRetransmits` exclude each other. */
export interface SctpStreamParameters {
  /** 0 to 65534. */
  streamId: number;
  /** Default true, unless one of the limits is given. */
  ordered?: boolean;
  /** ms after which a message that did not arrive is given up. */
  maxPacketLifeTime?: number;
  /** How often a message is sent again before it is given up. */
  maxRetransmits?: number;
}

/** What one end of a transport takes (RFC 8841, RFC 8831 §6.2). */
export interface SctpParameters {
  /** Always 5000. */
  port: number;
  /** How many streams it asks for at first. */
  OS: number;
  /** How many streams it takes at most. */
  MIS: number;
  /** Bytes that it receives at most in one message. */
  maxMessageSize: number;
}

export interface NumSctpStreams {
  /** Outgoing streams that are asked for at first. Default 1024. */
  OS: number;
  /** Incoming streams at most. Default 1024. */
  MIS: number;
}

/** Whether a transport carries data channels, and how much of them it keeps: bytes. */
export interface SctpTransportOptions {
  /** Default false. */
  enableSctp?: boolean;
  numSctpStreams?: NumSctpStreams;
  /** Both of the two that follow. Default 262144. */
  maxSctpMessageSize?: number;
  /** Of a message that is sent to the client. */
  maxSendMessageSize?: number;
  /** Of a message of the client. */
  maxReceiveMessageSize?: number;
  /** What may wait, of all data consumers of the transport together; beyond it they lose messages. Default 2000000. */
  sctpSendBufferSize?: number;
  /** What may wait, of one data consumer. Default 2000000. */
  sctpPerStreamSendQueueLimit?: number;
  /** Default 5242880. */
  sctpMaxReceiverWindowBufferSize?: number;
}

/** What a message is (RFC 8831 §8): 51 a string, 53 binary, 56 an empty string, 57 empty and binary. */
export type SctpPpid = 51 | 53 | 56 | 57;

export type SctpState = 'new' | 'connecting' | 'connected' | 'failed' | 'closed';

export type DataType = 'sctp' | 'direct';
