// Outgoing DTLS records, packed into datagrams, and the retransmissions of the last flight, made ahead of
// time.
//
// RFC 6347 §4.2.4 retransmits a flight with new record sequence numbers. Only OpenSSL can make those, and it
// does so only when its own timer says that the wall clock has passed. So its timer is told to expire at
// once, a fixed number of times a flight (openssl_timer.cc): the copies it then writes are kept here and
// leave one by one when *our* time comes.
//
// Invariant: no datagram is longer than the MTU. Called by Session and, through it, by OpenSSL's BIO.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace sluice::dtls {

class Flight {
 public:
  using Datagrams = std::vector<std::vector<std::uint8_t>>;
  static constexpr std::size_t kCopies = 11;  ///< OpenSSL ends the handshake at the 13th.

  explicit Flight(std::size_t mtu) : mtu_(mtu) {}

  /// OpenSSL begins a flight that awaits an answer: copies of an older one are of no use any more.
  void begin();
  /// What is written from here on is the next copy.
  void begin_copy();
  [[nodiscard]] bool has_all_copies() const { return copies_.size() == kCopies; }
  /// What is written from here on is to be sent.
  void end_copy() { copying_ = false; }
  /// No flight awaits an answer any more.
  void forget();

  /// One write of OpenSSL: whole records. With `pack` they may share a datagram with what was packed before.
  void write(Bytes records, bool pack);
  /// Queues the next copy for sending; when they have run out, the last one again.
  void retransmit();

  void drain(Datagrams& out);
  [[nodiscard]] bool has_output() const { return !out_.empty(); }
  /// Counts flights: changes whenever begin() is called.
  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] bool awaits_answer() const { return awaits_answer_; }

 private:
  std::size_t mtu_;
  Datagrams out_;
  std::vector<Datagrams> copies_;
  std::size_t next_copy_ = 0;
  std::uint32_t number_ = 0;
  bool copying_ = false;   ///< Writes go to the last copy.
  bool can_grow_ = false;  ///< The last datagram written was packed and may take more.
  bool awaits_answer_ = false;
};

}  // namespace sluice::dtls
