// The rules that descriptions of ours are held to, each with its section: RFC 8829 §5.2 for offers, §5.3 for
// answers, and what those refer to. A rule says what breaks it, or nothing.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sdp/description.h"

namespace sluice::negotiate::testing {

struct AnswerRule {
  std::string_view section;
  std::string_view rule;
  std::string (*broken)(const sdp::SessionDescription& offer, const sdp::SessionDescription& answer);
};
std::span<const AnswerRule> answer_rules();

/// An offer of ours after `local` (ours) and `remote` were agreed; both empty when it is the first.
struct OfferAfter {
  const sdp::SessionDescription& offer;
  const sdp::SessionDescription& local;
  const sdp::SessionDescription& remote;
  [[nodiscard]] bool first() const { return local.media.empty(); }
};
struct OfferRule {
  std::string_view section;
  std::string_view rule;
  std::string (*broken)(const OfferAfter& after);
};
std::span<const OfferRule> offer_rules();

// --- Shared by both lists (rules.cc)

struct TextRule {
  std::string_view section;
  std::string_view rule;
  std::string (*broken)(std::string_view text);
};
/// Of any description of ours, as text.
std::span<const TextRule> text_rules();

/// An m-line of data channels, which is no RTP: what is wrong with what else it has.
bool is_data(const sdp::MediaDescription& media);
std::string broken_data(const sdp::MediaDescription& media);

/// The BUNDLE group, or one without mids.
const sdp::Group& bundle_of(const sdp::SessionDescription& description);
bool is_in(std::span<const std::string> list, std::string_view text);
/// The direction that a section has, by itself or from the session or by default.
sdp::Direction direction_of(const sdp::SessionDescription& description, const sdp::MediaDescription& media);

}  // namespace sluice::negotiate::testing
