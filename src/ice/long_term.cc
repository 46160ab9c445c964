#include "ice/long_term.h"

#include "base/md5.h"

namespace sluice::ice {
namespace {

constexpr std::uint16_t kUnauthenticated = 401;

}  // namespace

void LongTermCredential::write(StunWriter& writer) const {
  writer.username(username_);
  writer.realm(realm_);
  writer.nonce(nonce_);
}

LongTermCredential::Answer LongTermCredential::take(const StunMessage& response, bool was_signed) {
  // RFC 8489 §9.2.5: a second 401 means that the credentials are no good; a 438 only that the nonce is old.
  if (response.error_code == kUnauthenticated && was_signed) return Answer::kRefused;
  if (!response.nonce || (!response.realm && !challenged_)) return Answer::kMalformed;
  if (response.realm) realm_ = *response.realm;
  nonce_ = *response.nonce;
  // RFC 8489 §9.2.2.
  key_ = crypto::md5(as_bytes(username_ + ":" + realm_ + ":" + password_));
  challenged_ = true;
  return Answer::kTryAgain;
}

}  // namespace sluice::ice
