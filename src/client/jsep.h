// The JSEP way of signaling for a synthetic peer (RFC 8829), as a browser with one RTCPeerConnection does it:
// it offers what it sends and answers what the server delivers, all in one BUNDLE group. Used by the scenario
// tests and the load tool.
//
// Invariants: a mid keeps its m-line for life; senders exist once an answer has accepted them, receivers
// while the newest description has them active. Descriptions must come in turns: one offer, then its answer.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/peer.h"
#include "sdp/description.h"

namespace sluice::client {

class JsepSignaling {
 public:
  /// Both outlive this.
  JsepSignaling(Peer& peer, Random& random);

  /// A track to send, from the next offer on. Gives its mid.
  std::string add_track(MediaKind kind, std::uint32_t stream, VideoSource::Options video = {},
                        AudioSource::Options audio = {});
  /// Video in several encodings at once, the smallest first (RFC 8853).
  std::string add_simulcast_track(std::uint32_t stream, std::span<const VideoSource::Options> layers);
  /// Its m-line goes inactive with the next offer.
  void remove_track(std::string_view mid);

  std::string create_offer(bool ice_restart = false);
  Result<void> set_answer(std::string_view sdp, Instant now);
  /// Takes the server's offer and gives the answer.
  Result<std::string> answer(std::string_view sdp, Instant now);

  /// Of several encodings, the first.
  [[nodiscard]] MediaSender* sender(std::string_view mid) const;
  /// Receivers have their mid as id.
  [[nodiscard]] std::size_t section_count() const { return sections_.size(); }

 private:
  /// An m-line.
  struct Section {
    std::string mid;
    MediaKind kind = MediaKind::kAudio;
    bool ours = false;  ///< We send here; otherwise the server does.
    bool active = false;
    RtpParameters parameters;
    std::vector<MediaSender::Options> encodings;  ///< Ours.
    std::vector<MediaSender*> senders;
    MediaReceiver* receiver = nullptr;
  };

  Section& add_section(MediaKind kind);
  [[nodiscard]] Section* find(std::string_view mid);
  [[nodiscard]] sdp::SessionDescription describe(bool offer);
  [[nodiscard]] sdp::MediaDescription describe(const Section& section, bool offer) const;
  Result<void> take_transport(const sdp::SessionDescription& remote, bool offer, Instant now);
  void take_accepted(Section& section, const sdp::MediaDescription& answer, Instant now);
  void take_offered(const sdp::MediaDescription& offer);
  void drop(Section& section);

  Peer& peer_;
  Random& random_;
  std::vector<Section> sections_;
  ice::Credentials local_ice_;
  std::string remote_ufrag_;
  bool restarting_ = false;  ///< Our offer carries new credentials.
  std::uint64_t session_id_;
  std::uint64_t version_ = 0;
  std::string cname_;
};

/// RTP parameters of an m-line in which the other side sends: of its codecs those that a synthetic peer
/// knows. No codec: refuse it.
RtpParameters parameters_of(const sdp::MediaDescription& media);

}  // namespace sluice::client
