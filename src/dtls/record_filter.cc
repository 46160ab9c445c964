#include "dtls/record_filter.h"

namespace sluice::dtls {
namespace {

constexpr std::size_t kMaxRecord = (1 << 14) + 2048;  // RFC 5246 §6.2.3
enum ContentType : std::uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23
};
enum HandshakeType : std::uint8_t {
  kClientHello = 1,
  kServerHello = 2,
  kHelloVerifyRequest = 3,
  kCertificate = 11,
  kServerKeyExchange = 12,
  kCertificateRequest = 13,
  kServerHelloDone = 14,
  kCertificateVerify = 15,
  kClientKeyExchange = 16,
};

/// What each side sends unprotected in a full handshake (RFC 6347 §4.2.4). HelloRequest would ask for a
/// renegotiation.
bool may_send(bool client, std::uint8_t type) {
  switch (type) {
    case kClientHello:
    case kClientKeyExchange:
    case kCertificateVerify:
      return client;
    case kServerHello:
    case kHelloVerifyRequest:
    case kServerKeyExchange:
    case kCertificateRequest:
    case kServerHelloDone:
      return !client;
    case kCertificate:
      return true;
    default:
      return false;
  }
}

std::size_t max_length(std::uint8_t type) {
  switch (type) {
    case kServerHelloDone:
      return 0;
    case kHelloVerifyRequest:
      return 258;  // RFC 6347 §4.2.1: version and a cookie of up to 255 bytes
    case kClientKeyExchange:
      return 2048;
    case kCertificateVerify:
      return 16384;
    default:
      return kMaxHandshakeMessage;
  }
}

/// Handshake messages or fragments of them, one after the other (RFC 6347 §4.2.2):
///
///    0                   1                   2                   3
///    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///   +---------------+-----------------------------------------------+
///   |   msg_type    |                    length                     |
///   +---------------+---------------+-------------------------------+
///   |          message_seq          |       fragment_offset ...     |
///   +---------------+---------------+-------------------------------+
///   | ...           |                fragment_length                |
///   +---------------+-----------------------------------------------+
///   |                          fragment ...                         |
ReceiveResult check_handshake(Bytes body, bool from_client) {
  ByteReader reader(body);
  while (reader.remaining() > 0) {
    const std::uint8_t type = reader.u8();
    const std::uint32_t length = reader.u24();
    reader.skip(2);
    const std::uint32_t offset = reader.u24();
    const std::uint32_t fragment = reader.u24();
    reader.skip(fragment);
    if (!reader.ok() || offset + fragment > length) return ReceiveResult::kBadHandshake;
    if (fragment == 0 && length != 0) return ReceiveResult::kBadHandshake;
    if (!may_send(from_client, type)) return ReceiveResult::kUnexpectedMessage;
    if (length > max_length(type)) return ReceiveResult::kBadHandshake;
  }
  return ReceiveResult::kProcessed;
}

ReceiveResult check_plaintext(std::uint8_t type, Bytes body, bool from_client) {
  switch (type) {
    case kHandshake:
      return body.empty() ? ReceiveResult::kBadHandshake : check_handshake(body, from_client);
    case kChangeCipherSpec:
      return body.size() == 1 && body[0] == 1 ? ReceiveResult::kProcessed : ReceiveResult::kBadRecord;
    case kAlert:  // RFC 5246 §7.2: level (warning 1, fatal 2), description
      return body.size() == 2 && (body[0] == 1 || body[0] == 2) ? ReceiveResult::kProcessed
                                                                : ReceiveResult::kBadRecord;
    default:
      return ReceiveResult::kUnencrypted;
  }
}

}  // namespace

// Records, one after the other (RFC 6347 §4.1):
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +---------------+-------------------------------+---------------+
//   |     type      |            version            |   epoch ...   |
//   +---------------+-------------------------------+---------------+
//   | ...           |            sequence_number (48 bits)          |
//   +---------------+-------------------------------+---------------+
//   | ...                                           |   length ...  |
//   +---------------+-------------------------------+---------------+
//   | ...           |                 fragment ...                  |
ReceiveResult check_datagram(Bytes datagram, bool from_client, std::size_t min_protected) {
  ByteReader reader(datagram);
  do {
    const std::uint8_t type = reader.u8();
    const std::uint16_t version = reader.u16();
    const std::uint16_t epoch = reader.u16();
    reader.skip(6);
    const std::uint16_t length = reader.u16();
    const Bytes body = reader.bytes(length);
    if (!reader.ok()) return ReceiveResult::kTooShort;
    if (type < kChangeCipherSpec || type > kApplicationData) return ReceiveResult::kBadRecord;
    // A first ClientHello may say DTLS 1.0 in its record (RFC 6347 §4.1); later ones say 1.2.
    if (version != 0xFEFD && version != 0xFEFF) return ReceiveResult::kBadRecord;
    if (length > kMaxRecord) return ReceiveResult::kBadRecord;
    if (epoch != 0) {
      if (length < min_protected) return ReceiveResult::kBadRecord;
      continue;
    }
    const ReceiveResult result = check_plaintext(type, body, from_client);
    if (result != ReceiveResult::kProcessed) return result;
  } while (reader.remaining() > 0);
  return ReceiveResult::kProcessed;
}

std::string_view to_string(ReceiveResult result) {
  switch (result) {
    case ReceiveResult::kProcessed:
      return "processed";
    case ReceiveResult::kNotStarted:
      return "not-started";
    case ReceiveResult::kFinished:
      return "finished";
    case ReceiveResult::kTooShort:
      return "too-short";
    case ReceiveResult::kBadRecord:
      return "bad-record";
    case ReceiveResult::kBadHandshake:
      return "bad-handshake";
    case ReceiveResult::kUnexpectedMessage:
      return "unexpected-message";
    case ReceiveResult::kUnencrypted:
      return "unencrypted";
  }
  return "unknown";
}

}  // namespace sluice::dtls
