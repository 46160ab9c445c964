// The server's side of ICE: ICE-lite (RFC 8445 §2.5), always controlled, never asks, only answers checks. One
// a transport.
//
// Invariants:
// - A path is known only after a check on it carried our ufrag and a MESSAGE-INTEGRITY under our password;
// DTLS and SRTP
//   are accepted from known paths only (is_known()).
// - Nothing larger than three times a datagram is ever sent to an unverified address; at most one reply a
// datagram.
// - At most kMaxPaths paths are kept; the selected one is never evicted.
// - In disconnected and closed there is no path: nothing may be sent (RFC 7675 §5.1).
// Called by src/transport (webrtc kind).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "ice/agent.h"
#include "ice/check.h"
#include "ice/stun_message.h"
#include "sluice/time.h"

namespace sluice::ice {

class LiteAgent {
 public:
  static constexpr std::size_t kMaxPaths = 16;
  static constexpr std::size_t kMaxPending =
      64;  ///< Replies and events kept for a caller who does not take them.
  static constexpr Duration kDefaultConsentTimeout = 30s;

  /// `consent_timeout`: a path without a valid check for so long is forgotten; 0 keeps paths for ever.
  explicit LiteAgent(Credentials local, Duration consent_timeout = kDefaultConsentTimeout);

  /// Once known, the part of USERNAME after ':' must be the peer's ufrag (of the newest local credentials).
  void set_remote(Credentials remote);
  /// ICE restart (RFC 8445 §9): from now on `new_local` are the credentials, and the previous ones are still
  /// accepted until the first valid check with the new ones, so that media flows on. The new remote is
  /// unknown until set_remote().
  void restart(Credentials new_local);
  /// Nothing is accepted or sent any more.
  void close();

  /// One STUN datagram.
  ReceiveResult receive(Bytes bytes, const Path& path, Instant now);
  /// Forgets paths whose consent has expired.
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  struct ReplyBy {
    Path path;
    Reply bytes;
  };
  /// Appends replies.
  void drain(std::vector<ReplyBy>& out);
  std::optional<AgentEvent> poll_event();

  /// A connection (TCP) has ended, or a socket was closed.
  void remove_path(const Path& path);

  [[nodiscard]] IceState state() const { return state_; }
  /// Where to send: the nominated path or, before a nomination, the best validated one.
  [[nodiscard]] std::optional<Path> selected() const { return selected_; }
  [[nodiscard]] bool is_known(const Path& path) const;
  [[nodiscard]] const Credentials& local() const { return current_.local; }
  /// The credentials still accepted beside local() after a restart.
  [[nodiscard]] std::optional<Credentials> previous_local() const;
  [[nodiscard]] const ReceiveCounts& counts() const { return counts_; }
  [[nodiscard]] std::size_t path_count() const { return paths_.size(); }

 private:
  struct Generation {
    Credentials local;
    std::optional<std::string> remote_ufrag;
    bool used = false;  ///< A valid check came with these.
  };
  struct ValidPath {
    Path path;
    Instant last_check{};
    std::uint32_t priority = 0;        ///< Of the newest check on it.
    std::optional<Instant> nominated;  ///< When USE-CANDIDATE last came; empty once a check came without it.
  };

  ReceiveResult process(Bytes bytes, const Path& path, Instant now);
  ReceiveResult process_request(const StunMessage& request, const Path& path, Instant now);
  Generation& generation_for(std::string_view username);
  void begin_generation();
  void accept(const StunMessage& request, Generation& generation, const Path& path, Instant now);
  void evict_oldest();
  ValidPath& touch(const Path& path, std::uint32_t priority, Instant now);
  bool wins(const StunMessage& request, const ValidPath& path, Instant now) const;
  void select_best();
  void select(std::optional<Path> path);
  void set_state(IceState state);
  void push_event(AgentEvent event);
  void reply(const Path& path, const Reply& bytes);
  ValidPath* find(const Path& path);
  [[nodiscard]] const ValidPath* find(const Path& path) const;
  void after_removal();

  Generation current_;
  std::optional<Generation> previous_;
  Duration consent_timeout_;
  IceState state_ = IceState::kNew;
  std::vector<ValidPath> paths_;
  std::optional<Path> selected_;
  bool nominated_ =
      false;  ///< The selected path was nominated by the peer, not chosen for want of a nomination.
  std::optional<std::uint32_t> nomination_;  ///< Highest renomination value of this generation.
  std::vector<ReplyBy> replies_;
  std::deque<AgentEvent> events_;
  ReceiveCounts counts_{};
};

}  // namespace sluice::ice
