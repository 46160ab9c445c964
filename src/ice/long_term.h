// The long-term credential mechanism from the client's side (RFC 8489 §9.2): remembers realm and nonce as the
// server gives them, signs requests, says whether a refusal is worth another try. Used by TurnClient.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "ice/stun_message.h"
#include "ice/stun_writer.h"

namespace sluice::ice {

class LongTermCredential {
 public:
  LongTermCredential(std::string username, std::string password)
      : username_(std::move(username)), password_(std::move(password)) {}

  /// The server has told its realm and nonce.
  [[nodiscard]] bool challenged() const { return challenged_; }
  /// USERNAME, REALM and NONCE; the caller then finishes with key().
  void write(StunWriter& writer) const;
  [[nodiscard]] Bytes key() const { return key_; }

  enum class Answer : std::uint8_t {
    kTryAgain,   ///< Realm and nonce are taken: sign and send again.
    kRefused,    ///< The credentials are wrong, expired or unknown.
    kMalformed,  ///< A challenge without realm or nonce.
  };
  /// What to make of a 401 or 438. `was_signed`: whether the request had credentials (§9.2.5).
  Answer take(const StunMessage& response, bool was_signed);

 private:
  std::string username_;
  std::string password_;
  std::string realm_;
  std::string nonce_;
  std::array<std::uint8_t, 16> key_{};
  bool challenged_ = false;
};

}  // namespace sluice::ice
