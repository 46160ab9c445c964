// An RTP packet parsed once (RFC 3550 §5.1, header extensions RFC 8285): numbers by value, everything else as
// offsets.
//
// Made by transport/receive after unprotecting; read by ingress, router, egress and the retransmission
// history. Invariants: the bytes outlive the view and never change; a view that exists has a header, an
// extension block and padding that lie inside the packet. An RTX packet seen as the packet it repeats (rtx.h)
// is a view as well, so what counts for the stream is asked of the view, never read from the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"

namespace sluice::rtp {

inline constexpr std::size_t kFixedHeaderSize = 12;
inline constexpr std::uint16_t kOneByteProfile = 0xBEDE;  ///< RFC 8285 §4.2
inline constexpr std::uint16_t kTwoByteProfile =
    0x1000;  ///< RFC 8285 §4.3; the low four bits are the application's.

class PacketView {
 public:
  /// Nothing when the bytes are not a well-formed RTP packet of version 2.
  static std::optional<PacketView> parse(Bytes packet);

  [[nodiscard]] bool marker() const { return marker_; }
  [[nodiscard]] PayloadType payload_type() const { return payload_type_; }
  [[nodiscard]] SequenceNumber sequence_number() const { return sequence_number_; }
  [[nodiscard]] RtpTimestamp timestamp() const { return timestamp_; }
  [[nodiscard]] Ssrc ssrc() const { return ssrc_; }
  [[nodiscard]] std::size_t csrc_count() const { return csrc_count_; }
  /// `i` < csrc_count().
  [[nodiscard]] Ssrc csrc(std::size_t i) const { return {load32(data_ + kFixedHeaderSize + 4 * i)}; }

  /// The whole packet as it was parsed.
  [[nodiscard]] Bytes bytes() const { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Fixed header, CSRCs and extension block.
  [[nodiscard]] std::size_t header_size() const { return header_size_; }
  /// Without padding; for an unwrapped RTX packet without the original sequence number.
  [[nodiscard]] Bytes payload() const {
    return {data_ + payload_offset_, static_cast<std::size_t>(size_ - padding_size_ - payload_offset_)};
  }
  [[nodiscard]] std::size_t padding_size() const { return padding_size_; }
  [[nodiscard]] bool has_padding() const { return padding_size_ != 0; }

  /// "Defined by profile" of the extension block; 0 without one.
  [[nodiscard]] std::uint16_t extension_profile() const { return extension_profile_; }
  /// Contents of the extension block, without its four-byte head.
  [[nodiscard]] Bytes extension_block() const { return {data_ + extension_offset_, extension_size_}; }
  /// Value of the extension with this id (which may be empty in the two-byte form); nothing when there is
  /// none.
  [[nodiscard]] std::optional<Bytes> extension(std::uint8_t id) const;
  /// Calls `visit(id, value)` for each extension in order; stops at the first malformed one.
  template <typename Visitor>
  void for_each_extension(Visitor&& visit) const {
    std::size_t at = 0;
    while (const auto element = next_extension(at)) visit(element->id, element->value);
  }

  /// The same packet under another identity, its payload starting `skip` bytes later (RFC 4588; see rtx.h).
  /// `skip` <= payload().size().
  [[nodiscard]] PacketView with_identity(Ssrc ssrc, PayloadType type, SequenceNumber number,
                                         std::size_t skip) const;

 private:
  struct Element {
    std::uint8_t id;
    Bytes value;
  };
  PacketView() = default;
  bool parse_extension_block(Bytes packet, std::size_t at);
  /// The element at `at` or after it, skipping padding; moves `at` behind it.
  std::optional<Element> next_extension(std::size_t& at) const;

  const std::uint8_t* data_ = nullptr;
  RtpTimestamp timestamp_;
  Ssrc ssrc_;
  SequenceNumber sequence_number_;
  std::uint16_t size_ = 0;
  std::uint16_t header_size_ = 0;
  std::uint16_t payload_offset_ = 0;
  std::uint16_t extension_profile_ = 0;
  std::uint16_t extension_offset_ = 0;
  std::uint16_t extension_size_ = 0;
  PayloadType payload_type_;
  std::uint8_t csrc_count_ = 0;
  std::uint8_t padding_size_ = 0;
  bool marker_ = false;
};

}  // namespace sluice::rtp
