// How a suite lays out a packet: what is encrypted, what is authenticated, where the tag and the index go.
// The two templates here do it for any provider of the primitives, so that the backends differ in nothing but
// the primitives.
//
// An AEAD provider `Gcm` has
//   void seal(nonce, aad, const uint8_t* in, uint8_t* out, size_t size, uint8_t* tag);
//   bool open(nonce, aad, MutableBytes text, const uint8_t* tag);
// and a counter-mode provider `Cm`
//   void crypt(iv, const uint8_t* in, uint8_t* out, size_t size);
//   std::array<uint8_t, 20> hmac(Bytes data);
//   static constexpr bool kBatches;   // append_tag gains by being called for many packets before a flush()
//   void append_tag(Bytes data, uint8_t* at, size_t tag_size);   // the same to `at`, perhaps only in the
//   backend's flush()
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/prefetch.h"
#include "srtp/backend.h"
#include "srtp/key_derivation.h"

namespace sluice::srtp {

/// A backend made of primitives. Takes session keys directly, as the RFCs' test vectors give them.
class PrimitiveBackend : public Backend {
 public:
  std::unique_ptr<Cipher> make_cipher(const MasterKey& key, Direction direction) final {
    return make_session_cipher(derive_session_keys(key), direction);
  }
  virtual std::unique_ptr<Cipher> make_session_cipher(const SessionKeys& keys, Direction direction) = 0;
};

inline constexpr std::size_t kGcmTagSize = 16;
inline constexpr std::size_t kRtcpPlainSize = 8;  // The header up to the sender's SSRC stays readable.
inline constexpr std::uint32_t kRtcpEncryptedBit = 1U << 31;  // "E" before the SRTCP index (RFC 3711 §3.4).

using GcmNonce = std::array<std::uint8_t, 12>;
using CmIv = std::array<std::uint8_t, 16>;

// RFC 7714 §8.1 (RTP: the index is ROC and SEQ) and §9.1 (RTCP: the index is of 31 bits), XORed with the
// salt:
//   0 0 | SSRC (4) | index (6)
inline GcmNonce gcm_nonce(const SessionKey& key, std::uint32_t ssrc, std::uint64_t index) {
  GcmNonce nonce{};
  store32(nonce.data() + 2, ssrc);
  store16(nonce.data() + 6, static_cast<std::uint16_t>(index >> 32));
  store32(nonce.data() + 8, static_cast<std::uint32_t>(index));
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] ^= key.salt[i];
  return nonce;
}

// RFC 3711 §4.1.1, XORed with the salt of 14 bytes; the last two bytes count blocks:
//   0 0 0 0 | SSRC (4) | index (6) | 0 0
inline CmIv cm_iv(const SessionKey& key, std::uint32_t ssrc, std::uint64_t index) {
  CmIv iv{};
  store32(iv.data() + 4, ssrc);
  store16(iv.data() + 8, static_cast<std::uint16_t>(index >> 32));
  store32(iv.data() + 10, static_cast<std::uint32_t>(index));
  for (std::size_t i = 0; i < key.salt.size(); ++i) iv[i] ^= key.salt[i];
  return iv;
}

/// Where the text to encrypt is read: straight from the shared payload, or, when a prefix stands before it,
/// from behind the header, whereto the payload is copied.
inline const std::uint8_t* text_to_encrypt(const RtpToProtect& packet) {
  if (packet.prefix_size == 0) return packet.payload.data();
  std::uint8_t* text = packet.out + packet.header_size;
  if (!packet.payload.empty())
    std::memcpy(text + packet.prefix_size, packet.payload.data(), packet.payload.size());
  return text;
}

/// AES-GCM (RFC 7714).
//
//   RTP:   header (AAD) | ciphertext | tag (16)
//   RTCP:  header 8 (AAD) | ciphertext | tag (16) | E + index (AAD)
template <class Gcm>
class GcmCipher final : public Cipher {
 public:
  /// `arguments`: what Gcm takes before a session key.
  template <typename... Arguments>
  explicit GcmCipher(const SessionKeys& keys, Arguments&&... arguments)
      : keys_(keys), rtp_(arguments..., keys.rtp), rtcp_(arguments..., keys.rtcp) {}

  void prefetch() const override {
    sluice::prefetch(&keys_.rtp, sizeof keys_.rtp);
    sluice::prefetch(&rtp_, sizeof rtp_);
  }

  std::size_t protect_rtp(const RtpToProtect& packet) override {
    const std::size_t size = packet.prefix_size + packet.payload.size();
    std::uint8_t* text = packet.out + packet.header_size;
    rtp_.seal(gcm_nonce(keys_.rtp, load32(packet.out + 8), packet.index),
              Bytes(packet.out, packet.header_size), text_to_encrypt(packet), text, size, text + size);
    return packet.header_size + size + kGcmTagSize;
  }

  bool unprotect_rtp(MutableBytes packet, std::size_t header_size, std::uint64_t index) override {
    const std::size_t tag_at = packet.size() - kGcmTagSize;
    return rtp_.open(gcm_nonce(keys_.rtp, load32(packet.data() + 8), index), packet.first(header_size),
                     packet.subspan(header_size, tag_at - header_size), packet.data() + tag_at);
  }

  std::size_t protect_rtcp(std::uint8_t* packet, std::size_t size, std::uint32_t index) override {
    std::uint8_t* text = packet + kRtcpPlainSize;
    std::uint8_t* tag = packet + size;
    store32(tag + kGcmTagSize, kRtcpEncryptedBit | index);
    rtcp_.seal(gcm_nonce(keys_.rtcp, load32(packet + 4), index), rtcp_aad(packet, tag + kGcmTagSize), text,
               text, size - kRtcpPlainSize, tag);
    return size + kGcmTagSize + 4;
  }

  bool unprotect_rtcp(MutableBytes packet, std::uint32_t index) override {
    const std::size_t tag_at = packet.size() - 4 - kGcmTagSize;
    return rtcp_.open(gcm_nonce(keys_.rtcp, load32(packet.data() + 4), index),
                      rtcp_aad(packet.data(), packet.data() + tag_at + kGcmTagSize),
                      packet.subspan(kRtcpPlainSize, tag_at - kRtcpPlainSize), packet.data() + tag_at);
  }

 private:
  // RFC 7714 §9.2: the first eight bytes and the index word, which the packet does not hold side by side.
  Bytes rtcp_aad(const std::uint8_t* header, const std::uint8_t* index_word) {
    std::memcpy(aad_.data(), header, kRtcpPlainSize);
    std::memcpy(aad_.data() + kRtcpPlainSize, index_word, 4);
    return aad_;
  }

  SessionKeys keys_;
  Gcm rtp_;
  Gcm rtcp_;
  std::array<std::uint8_t, kRtcpPlainSize + 4> aad_{};
};

/// AES counter mode with HMAC-SHA1 (RFC 3711).
//
//   RTP:   header | ciphertext | tag (10 or 4)               authenticated: header | ciphertext | ROC
//   RTCP:  header 8 | ciphertext | E + index | tag (10)      authenticated: all before the tag
template <class Cm>
class CmCipher final : public Cipher {
 public:
  /// `arguments`: what Cm takes before a session key.
  template <typename... Arguments>
  explicit CmCipher(const SessionKeys& keys, Arguments&&... arguments)
      : keys_(keys),
        rtp_tag_size_(rtp_tag_size(keys.suite)),
        rtp_(arguments..., keys.rtp),
        rtcp_(arguments..., keys.rtcp) {}

  void prefetch() const override {
    sluice::prefetch(&keys_.rtp, sizeof keys_.rtp);
    sluice::prefetch(&rtp_, sizeof rtp_);
  }

  std::size_t protect_rtp(const RtpToProtect& packet) override {
    const std::size_t size = packet.prefix_size + packet.payload.size();
    std::uint8_t* text = packet.out + packet.header_size;
    rtp_.crypt(cm_iv(keys_.rtp, load32(packet.out + 8), packet.index), text_to_encrypt(packet), text, size);
    // RFC 3711 §4.2: the ROC is authenticated though not sent. It waits where the tag will be written over
    // it.
    store32(text + size, static_cast<std::uint32_t>(packet.index >> 16));
    const std::size_t before_tag = packet.header_size + size;
    rtp_.append_tag(Bytes(packet.out, before_tag + 4), text + size, rtp_tag_size_);
    return before_tag + rtp_tag_size_;
  }

  bool unprotect_rtp(MutableBytes packet, std::size_t header_size, std::uint64_t index) override {
    const std::size_t tag_at = packet.size() - rtp_tag_size_;
    std::array<std::uint8_t, 10> tag{};
    std::memcpy(tag.data(), packet.data() + tag_at, rtp_tag_size_);
    store32(packet.data() + tag_at, static_cast<std::uint32_t>(index >> 16));
    const auto expected = rtp_.hmac(packet.first(tag_at + 4));
    if (!crypto::equal_constant_time(Bytes(expected).first(rtp_tag_size_), Bytes(tag).first(rtp_tag_size_)))
      return false;
    std::uint8_t* text = packet.data() + header_size;
    rtp_.crypt(cm_iv(keys_.rtp, load32(packet.data() + 8), index), text, text, tag_at - header_size);
    return true;
  }

  bool begin_unprotect_rtp(MutableBytes packet, std::uint64_t index, PendingTag& tag) override {
    if constexpr (!Cm::kBatches) return false;
    const std::size_t tag_at = packet.size() - rtp_tag_size_;
    std::memcpy(tag.received.data(), packet.data() + tag_at, rtp_tag_size_);
    store32(packet.data() + tag_at, static_cast<std::uint32_t>(index >> 16));
    rtp_.append_tag(packet.first(tag_at + 4), tag.expected.data(), rtp_tag_size_);
    return true;
  }

  bool finish_unprotect_rtp(MutableBytes packet, std::size_t header_size, std::uint64_t index,
                            const PendingTag& tag) override {
    if (!crypto::equal_constant_time(Bytes(tag.expected).first(rtp_tag_size_),
                                     Bytes(tag.received).first(rtp_tag_size_)))
      return false;
    std::uint8_t* text = packet.data() + header_size;
    rtp_.crypt(cm_iv(keys_.rtp, load32(packet.data() + 8), index), text, text,
               packet.size() - rtp_tag_size_ - header_size);
    return true;
  }

  std::size_t protect_rtcp(std::uint8_t* packet, std::size_t size, std::uint32_t index) override {
    std::uint8_t* text = packet + kRtcpPlainSize;
    rtcp_.crypt(cm_iv(keys_.rtcp, load32(packet + 4), index), text, text, size - kRtcpPlainSize);
    store32(packet + size, kRtcpEncryptedBit | index);
    const auto tag = rtcp_.hmac(Bytes(packet, size + 4));
    std::copy_n(tag.data(), kRtcpTagSize, packet + size + 4);
    return size + 4 + kRtcpTagSize;
  }

  bool unprotect_rtcp(MutableBytes packet, std::uint32_t index) override {
    const std::size_t tag_at = packet.size() - kRtcpTagSize;
    const auto expected = rtcp_.hmac(packet.first(tag_at));
    if (!crypto::equal_constant_time(Bytes(expected).first(kRtcpTagSize), packet.subspan(tag_at)))
      return false;
    std::uint8_t* text = packet.data() + kRtcpPlainSize;
    rtcp_.crypt(cm_iv(keys_.rtcp, load32(packet.data() + 4), index), text, text, tag_at - 4 - kRtcpPlainSize);
    return true;
  }

 private:
  static constexpr std::size_t kRtcpTagSize = 10;

  SessionKeys keys_;
  std::size_t rtp_tag_size_;
  Cm rtp_;
  Cm rtcp_;
};

}  // namespace sluice::srtp
