// Retransmission to a viewer, from the producer's one history.
#include <algorithm>

#include "sfu/consumer.h"
#include "sfu/media_session.h"
#include "sfu/trace.h"

namespace sluice::sfu {
namespace {

/// A viewer that was told so asks for what it misses, and there is a codec that has no RTX for it.
bool repeats_in_band(const Consumer::Options& options) {
  const auto& codecs = options.parameters.codecs;
  const bool nack = std::any_of(codecs.begin(), codecs.end(), [](const RtpCodecParameters& codec) {
    return std::any_of(codec.rtcp_feedback.begin(), codec.rtcp_feedback.end(),
                       [](const RtcpFeedback& one) { return one.type == "nack" && one.parameter.empty(); });
  });
  for (std::size_t i = 0; nack && i < options.payload_types.size(); ++i) {
    if (options.payload_types[i] != Consumer::kNoPayloadType &&
        options.rtx_payload_types[i] == Consumer::kNoPayloadType)
      return true;
  }
  return false;
}

}  // namespace

/// Without RTX a repeated packet keeps its SSRC and number, and so its SRTP nonce. AEAD must never see one
/// nonce over two different packets (RFC 7714 §8.1).
void Consumer::update_sent_packets() {
  if (!repeats_exactly() || !repeats_in_band(options_)) {
    sent_packets_.reset();
  } else if (!sent_packets_) {
    sent_packets_ = std::make_unique<SentPackets>(video_ ? SentPackets::kVideo : SentPackets::kAudio);
  }
}

std::uint8_t Consumer::known_type(const StoredPacket& packet) const {
  const std::uint8_t type = packet.view.payload_type().value & 127;
  const bool alone = packet.facts.red.block_count != 0 && options_.payload_types[type] == kNoPayloadType;
  return alone ? producer_->red_block_type() & 127 : type;
}

/// What stands before a key frame that the viewer has had for a round trip is of no use to it any more, nor
/// is a frame that no other refers to and whose time to be shown has passed.
bool Consumer::is_of_use(const History::Entry& entry, SequenceNumber number, Instant now) const {
  const Duration round_trip = rtt_.value_or(100ms);
  if (!video_) return now - entry.at < round_trip + 500ms;
  const Duration since_key_frame = now - key_frame_at_;
  // Of an old key frame the number may have wrapped meanwhile; nothing in the history is older than it.
  if (key_frame_count_ != 0 && since_key_frame > round_trip && since_key_frame < 5s &&
      key_frame_.minus(number) > 0)
    return false;
  return !entry.facts.is_discardable || now - entry.at < 2 * round_trip + 200ms;
}

void Consumer::on_nack(SequenceNumber number, Instant now) {
  ++nack_packet_count_;
  if (!active_) return;
  const auto original = rewriter_.original(number);
  if (!original) return;
  const ProducerStream& stream = producer_->stream(original->stream % ProducerStream::kTagStep);
  if (stream.tag != original->stream) return;
  const History::Entry* entry = stream.history.lookup({original->number}, now);
  if (entry == nullptr || !is_of_use(*entry, number, now)) return;
  const std::uint8_t media_type = known_type(*entry);
  if (options_.payload_types[media_type] == kNoPayloadType) return;  // was never sent here
  const bool rtx = rtx_ssrc_.has_value() && options_.rtx_payload_types[media_type] != kNoPayloadType;
  const bool exactly = !rtx && repeats_exactly();
  const SentPackets::Sent* sent = exactly && sent_packets_ ? sent_packets_->find(number) : nullptr;
  if (exactly && (sent == nullptr || sent->order != entry->order)) return;
  const std::size_t size = entry->view.payload().size() + rtp::kFixedHeaderSize;
  if (!budget_.may_send(number, size, now, rtt_.value_or(Duration::zero()), now - entry->at)) return;
  auto rewrite = sent != nullptr ? std::optional(sent->rewrite) : rewriter_.again(*entry, number);
  if (!rewrite) return;
  rewrite->payload_type = {rtx ? options_.rtx_payload_types[media_type] : options_.payload_types[media_type]};

  const MediaPacket packet{*entry, producer_->extension_values(entry->view)};
  Extensions extensions;
  Scratch scratch;
  transport::OutgoingRtp rtp = outgoing(packet, *rewrite, extensions, scratch, rtx);
  if (rtx) {
    rtp.header.ssrc = *rtx_ssrc_;
    rtp.header.sequence_number = rtx_sequence_;
  }
  if (!sender_->send_rtp(rtp, now, sent != nullptr ? &sent->stamp : nullptr)) return;
  if (rtx) rtx_sequence_ = rtx_sequence_.plus(1);
  ++packets_retransmitted_;
  rtx_bytes_ += rtp.payload.size() + rtp::kFixedHeaderSize;
}

void Consumer::on_nack_packet(Instant now) {
  ++nack_count_;
  if (traces(TraceType::kNack)) trace(TraceType::kNack, nullptr, now);
}

void Consumer::on_key_frame_request(bool fir, Instant now) {
  ++(fir ? fir_count_ : pli_count_);
  const TraceType type = fir ? TraceType::kFir : TraceType::kPli;
  if (traces(type)) trace(type, nullptr, now);
  if (!active_) return;
  const auto current = selector_.current();
  producer_->request_key_frame(current ? current->stream : selector_.target().stream, now);
}

void Consumer::trace(TraceType type, const StoredPacket* packet, Instant now) const {
  if (!traces(type)) return;
  const bool media = packet != nullptr;
  session_->tell(TraceEvent{ObjectKind::kConsumer, id(), type, to_trace_time(now), media,
                            media ? trace_info(*packet) : trace_info(ssrc_)});
}

}  // namespace sluice::sfu
