// THE CLOCK READ OF THIS CORE: OpenSSL's DTLS timer reads the wall clock, and this file makes the answer not
// matter (docs/decisions/006-dtls-retransmissions-ahead-of-time.md).
//
// OpenSSL retransmits a flight only when its timer has expired, and takes a timer with less than 15 ms left
// for expired. So a new flight is given a timer of 1 µs: the next read finds it expired and writes the flight
// again, with new record sequence numbers as RFC 6347 §4.2.4 wants them. That is let happen Flight::kCopies
// times at once (OpenSSL itself gives up after 12), the copies go to Flight, and the last one sets a timer
// beyond any handshake. From then on the wall clock has no say: Session sends the copies by its own
// deadlines, in whatever time it is given.
//
// Should the wall clock step back by more than 15 ms in just these microseconds, fewer copies are made and
// the last one is sent more than once; should it leap an hour ahead in mid-handshake, one copy is made anew.
// Neither ends a handshake.
#include <openssl/ssl.h>

#include "dtls/openssl_hooks.h"
#include "dtls/session.h"

namespace sluice::dtls {
namespace {
constexpr unsigned int kExpired = 1;                // µs
constexpr unsigned int kBeyondAny = 3'600'000'000;  // µs: an hour
}  // namespace

unsigned int Hooks::timer(ssl_st* ssl, unsigned int current_us) {
  Flight& flight = session_of(ssl).flight_;
  if (current_us == 0) {  // the first message of a flight is about to be written
    flight.begin();
    return kExpired;
  }
  flight.begin_copy();
  return flight.has_all_copies() ? kBeyondAny : kExpired;
}

}  // namespace sluice::dtls
