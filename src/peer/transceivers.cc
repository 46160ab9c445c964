// What the owner wants: tracks, transceivers, data, new ICE credentials.
#include <algorithm>

#include "negotiate/codec_match.h"
#include "peer/negotiator.h"

namespace sluice::peer {
namespace {

Error closed() {
  return {ErrorCode::kInvalidState, "signalingState",
          "the peer connection is closed; expected one that is open"};
}

Error unknown_transceiver() {
  return {ErrorCode::kNotFound, "transceiver", "the transceiver is stopped, or of another peer connection"};
}

/// A token of SDP, as a=msid wants it (RFC 8830 §2), of a sane length.
bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`{|}~";
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

Result<void> check_ids(const TrackInit& init) {
  if (!init.id.empty() && !is_token(init.id))
    return invalid_argument("id", "the track id \"" + init.id +
                                      "\" cannot stand in SDP; expected 1 to 64 letters, digits and marks "
                                      "like - and _");
  for (const std::string& stream : init.stream_ids)
    if (!is_token(stream))
      return invalid_argument("stream_ids", "the stream id \"" + stream +
                                                "\" cannot stand in SDP; expected 1 to 64 letters, digits "
                                                "and marks like - and _");
  return {};
}

bool is_rid(std::string_view text) {
  return !text.empty() && text.size() <= 16 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
}

}  // namespace

Negotiator::Negotiator(Options options, Random& random)
    : options_(std::move(options)),
      random_(random),
      session_id_(random.u64() >> 1),  // RFC 8829 §5.2.1: 63 bits
      cname_(random.ice_chars(16)) {
  current_.local_ice = {random.ice_chars(8), random.ice_chars(24), false};
}

const Transceiver* Negotiator::find(TransceiverId id) const {
  for (const auto& t : transceivers_)
    if (t->id == id) return t.get();
  return nullptr;
}

Transceiver* Negotiator::get(TransceiverId id) {
  return const_cast<Transceiver*>(std::as_const(*this).find(id));  // NOLINT(*-const-cast)
}

void Negotiator::forget(TransceiverId id) {
  std::erase_if(transceivers_, [&](const auto& t) { return t->id == id; });
}

const Line* Negotiator::line_of(TransceiverId id) const {
  if (provisional_) return provisional_->line_of(id);  // has every line of the offer's
  if (pending_)
    if (const Line* line = pending_->line_of(id)) return line;
  return current_.line_of(id);
}

Result<std::vector<std::uint8_t>> Negotiator::codecs_by_name(MediaKind kind,
                                                             const std::vector<std::string>& names) const {
  std::vector<std::uint8_t> out;
  const auto add = [&](const RtpCodecCapability& codec) {
    if (codec.kind != kind || negotiate::is_rtx(codec.mime_type)) return false;
    const std::uint8_t type = *codec.preferred_payload_type;
    if (std::find(out.begin(), out.end(), type) == out.end()) out.push_back(type);
    return true;
  };
  if (names.empty())
    for (const RtpCodecCapability& codec : options_.capabilities.codecs) add(codec);
  for (const std::string& name : names) {
    bool found = false;
    for (const RtpCodecCapability& codec : options_.capabilities.codecs)
      if (negotiate::equal_ignoring_case(codec.mime_type, name)) found |= add(codec);
    if (!found)
      return Error{ErrorCode::kUnsupported, "codecs",
                   "\"" + name + "\" is not among this peer connection's codecs of m=" +
                       std::string(negotiate::kind_name(kind)) + "; expected one of its configuration"};
  }
  if (out.empty())
    return Error{ErrorCode::kUnsupported, "codecs",
                 "this peer connection was configured without codecs for m=" +
                     std::string(negotiate::kind_name(kind))};
  return out;
}

Result<void> Negotiator::check_encodings(MediaKind kind, const std::vector<SendEncoding>& encodings) const {
  if (encodings.size() > kMaxEncodings)
    return invalid_argument("send_encodings", "there are " + std::to_string(encodings.size()) +
                                                  " encodings; expected at most " +
                                                  std::to_string(kMaxEncodings));
  if (kind == MediaKind::kAudio && encodings.size() > 1)
    return Error{ErrorCode::kUnsupported, "send_encodings", "audio has one encoding; expected no more"};
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    const std::string& rid = encodings[i].rid;
    const std::string field = "send_encodings[" + std::to_string(i) + "].rid";
    if (!(rid.empty() && encodings.size() == 1) && !is_rid(rid))
      return invalid_argument(field, "the rid \"" + rid + "\" is not 1 to 16 letters and digits");
    for (std::size_t k = 0; k < i; ++k)
      if (encodings[k].rid == rid)
        return invalid_argument(field, "the rid \"" + rid + "\" is used twice; expected each once");
  }
  return {};
}

Transceiver& Negotiator::make_transceiver(MediaKind kind) {
  transceivers_.push_back(std::make_unique<Transceiver>());
  Transceiver& t = *transceivers_.back();
  t.id = next_id_++;
  t.kind = kind;
  t.track_id = random_.ice_chars(16);
  for (char& c : t.track_id)
    if (c == '/') c = '-';
  for (const RtpCodecCapability& codec : options_.capabilities.codecs)
    if (codec.kind == kind && !negotiate::is_rtx(codec.mime_type))
      t.codecs.push_back(*codec.preferred_payload_type);
  set_encodings(t, {});
  return t;
}

void Negotiator::set_encodings(Transceiver& t, const std::vector<SendEncoding>& encodings) {
  const auto ssrc = [&] {  // RFC 3550 §8.1: random, and unlike our others
    for (;;) {
      const std::uint32_t value = random_.u32();
      const bool taken =
          value == 0 || std::any_of(transceivers_.begin(), transceivers_.end(), [&](const auto& o) {
            return std::any_of(o->encodings.begin(), o->encodings.end(),
                               [&](const Encoding& e) { return e.ssrc == value || e.rtx_ssrc == value; });
          });
      if (!taken) return value;
    }
  };
  t.encodings.clear();
  for (const SendEncoding& e : encodings) t.encodings.push_back({e.rid, ssrc(), ssrc(), e.max_bitrate});
  if (t.encodings.empty()) t.encodings.push_back({{}, ssrc(), ssrc(), {}});
  if (t.encodings.size() == 1) t.encodings.front().rid.clear();
}

Result<TransceiverId> Negotiator::add_track(MediaKind kind, const TrackInit& init) {
  if (state_ == SignalingState::kClosed) return closed();
  if (auto checked = check_ids(init); !checked) return checked.error();
  auto codecs = codecs_by_name(kind, init.codecs);
  if (!codecs) return codecs.error();
  if (!init.id.empty() && std::any_of(transceivers_.begin(), transceivers_.end(),
                                      [&](const auto& t) { return t->has_track && t->track_id == init.id; }))
    return Error{ErrorCode::kAlreadyExists, "id",
                 "the track \"" + init.id + "\" is sent already; expected each track once"};
  // W3C §5.1 addTrack(): a sender that has no track and never sent.
  const auto reusable = std::find_if(transceivers_.begin(), transceivers_.end(), [&](const auto& t) {
    return t->kind == kind && !t->has_track && !t->ever_sent && !t->stopping;
  });
  if (reusable == transceivers_.end() && transceivers_.size() >= kMaxTransceivers)
    return Error{ErrorCode::kLimitExceeded, "transceivers",
                 "there are " + std::to_string(kMaxTransceivers) + " transceivers already"};
  Transceiver& t = reusable != transceivers_.end() ? **reusable : make_transceiver(kind);
  if (reusable != transceivers_.end()) {
    const bool receives = sdp::receives(to_sdp(t.direction));
    t.direction = receives ? TransceiverDirection::kSendRecv : TransceiverDirection::kSendOnly;
    if (line_of(t.id) == nullptr || !init.codecs.empty()) t.codecs = std::move(*codecs);
  } else {
    t.codecs = std::move(*codecs);
  }
  t.has_track = t.ever_sent = t.by_add_track = true;
  t.by_remote = false;
  if (!init.id.empty()) t.track_id = init.id;
  t.stream_ids = init.stream_ids;
  update_negotiation_needed();
  return t.id;
}

Result<void> Negotiator::remove_track(TransceiverId id) {
  if (state_ == SignalingState::kClosed) return closed();
  Transceiver* t = get(id);
  if (t == nullptr) return unknown_transceiver();
  if (!t->has_track) return {};
  t->has_track = false;
  if (t->direction == TransceiverDirection::kSendRecv) t->direction = TransceiverDirection::kRecvOnly;
  if (t->direction == TransceiverDirection::kSendOnly) t->direction = TransceiverDirection::kInactive;
  update_negotiation_needed();
  return {};
}

Result<TransceiverId> Negotiator::add_transceiver(MediaKind kind, const TransceiverInit& init) {
  if (state_ == SignalingState::kClosed) return closed();
  if (init.direction == TransceiverDirection::kStopped)
    return invalid_argument("direction",
                            "a transceiver does not begin as stopped; expected sendrecv, "
                            "sendonly, recvonly or inactive");
  if (auto checked = check_ids(init); !checked) return checked.error();
  if (auto checked = check_encodings(kind, init.send_encodings); !checked) return checked.error();
  auto codecs = codecs_by_name(kind, init.codecs);
  if (!codecs) return codecs.error();
  if (transceivers_.size() >= kMaxTransceivers)
    return Error{ErrorCode::kLimitExceeded, "transceivers",
                 "there are " + std::to_string(kMaxTransceivers) + " transceivers already"};
  Transceiver& t = make_transceiver(kind);
  t.direction = init.direction;
  t.codecs = std::move(*codecs);
  if (!init.id.empty()) t.track_id = init.id;
  t.stream_ids = init.stream_ids;
  set_encodings(t, init.send_encodings);
  t.has_track = t.ever_sent = sdp::sends(to_sdp(init.direction));
  update_negotiation_needed();
  return t.id;
}

Result<void> Negotiator::set_direction(TransceiverId id, TransceiverDirection direction) {
  if (state_ == SignalingState::kClosed) return closed();
  Transceiver* t = get(id);
  if (t == nullptr || t->stopping) return unknown_transceiver();
  if (direction == TransceiverDirection::kStopped)
    return invalid_argument("direction", "\"stopped\" cannot be set; expected a call of stop()");
  t->direction = direction;
  t->ever_sent = t->ever_sent || sdp::sends(to_sdp(direction));
  update_negotiation_needed();
  return {};
}

void Negotiator::stop(TransceiverId id) {
  Transceiver* t = get(id);
  if (t == nullptr || t->stopping || state_ == SignalingState::kClosed) return;
  t->stopping = true;
  t->direction = TransceiverDirection::kStopped;
  // Nobody has heard of it: there is nothing to negotiate.
  if (line_of(id) == nullptr && !offer_) forget(id);
  update_negotiation_needed();
}

void Negotiator::want_data() {
  if (std::exchange(data_wanted_, true)) return;
  update_negotiation_needed();
}

void Negotiator::restart_ice() {
  if (state_ == SignalingState::kClosed || !described()) return;  // the first offer has new ones anyway
  if (!restart_) restart_ = IceParameters{random_.ice_chars(8), random_.ice_chars(24), false};
  update_negotiation_needed();
}

// --- W3C WebRTC §4.7.3 ---

void Negotiator::update_negotiation_needed() {
  if (state_ != SignalingState::kStable) return;
  const bool needed = check_negotiation_needed();
  if (needed && !needed_) events_.push_back({NegotiatorEvent::Type::kNegotiationNeeded, state_, 0});
  needed_ = needed;
}

bool Negotiator::check_negotiation_needed() const {
  if (restart_) return true;
  if (data_wanted_ && current_.data_line() == nullptr) return true;
  for (const auto& t : transceivers_) {
    const Line* line = current_.line_of(t->id);
    if (t->stopping) {
      if (line != nullptr && !line->rejected) return true;
      continue;
    }
    if (line == nullptr) return true;
    const sdp::Direction wanted = to_sdp(t->direction);
    if (sdp::sends(wanted) && line->stream_ids != t->stream_ids) return true;
    const sdp::Direction theirs = sdp::reversed(line->remote_direction);
    if (current_.offered_by_us) {
      if (line->direction != wanted && theirs != wanted) return true;
    } else {
      const auto possible = sdp::make_direction(sdp::sends(wanted) && sdp::sends(theirs),
                                                sdp::receives(wanted) && sdp::receives(theirs));
      if (line->direction != possible) return true;
    }
  }
  return false;
}

}  // namespace sluice::peer
