#include "dtls/session.h"

#include <algorithm>
#include <iterator>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "dtls/fingerprint.h"
#include "dtls/openssl_hooks.h"
#include "dtls/record_buffers.h"

namespace sluice::dtls {
namespace {

constexpr std::size_t kMinMtu = 256;
constexpr int kMaxReads = 1024;  // more records than a datagram of any path holds

}  // namespace

void Session::SslFree::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

Session::Session(Context& context, Role role, Options options)
    : context_(context), role_(role), options_(options), flight_(options.mtu) {
  SLUICE_CHECK(options_.mtu >= kMinMtu);
}

Session::~Session() = default;

void Session::start(Instant now) {
  if (state_ != State::kNew) return;
  state_ = State::kConnecting;
  ERR_clear_error();
  ssl_.reset(SSL_new(context_.ssl_context_.get()));
  SLUICE_CHECK(ssl_ != nullptr);
  Hooks::attach(ssl_.get(), context_.bio_method_.get(), *this);
  SLUICE_CHECK(DTLS_set_link_mtu(ssl_.get(), static_cast<long>(options_.mtu)) == 1);
  if (role_ == Role::kServer) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
    run_handshake(now);
  }
}

ReceiveResult Session::admit(Bytes datagram) const {
  if (state_ == State::kNew) return ReceiveResult::kNotStarted;
  if (state_ == State::kFailed || state_ == State::kClosed) return ReceiveResult::kFinished;
  return check_datagram(datagram, role_ == Role::kServer, min_protected_);
}

ReceiveResult Session::receive(Bytes datagram, Instant now) {
  const ReceiveResult result = admit(datagram);
  ++receive_counts_[static_cast<std::size_t>(result)];
  if (result != ReceiveResult::kProcessed) return result;
  ERR_clear_error();
  const RecordBuffers buffers(ssl_.get(), handshake_done_);
  input_ = datagram;
  if (!handshake_done_) run_handshake(now);
  if (handshake_done_ && state_ != State::kFailed) read_application_data();
  input_ = {};
  ERR_clear_error();
  return result;
}

void Session::advance(Instant now) {
  if (now < deadline_) return;
  if (retransmissions_ == Flight::kCopies) {
    fail("The peer did not answer the DTLS handshake for 28 seconds.");
    return;
  }
  flight_.retransmit();
  ++retransmissions_;
  ++retransmitted_flights_;
  backoff_ = std::min(backoff_ * 2, kMaxBackoff);
  deadline_ = now + backoff_;
}

// RFC 6347 §4.2.4.1 proposes 1 s at first and doubling to 60 s. Media waits for this, over a path whose round
// trip ICE has just seen: 200 ms at first, doubling to 3.2 s, is a retransmission at 0.2, 0.6, 1.4 and 3 s,
// and every 3.2 s from there to 25.4 s. Twelve chances, as a path that loses 30 % each way lets half of all
// flights go unanswered.
void Session::schedule_retransmission(Instant now) {
  if (!flight_.awaits_answer()) return;
  if (flight_.number() == flight_seen_) return;  // part of an answer does not restart the clock
  flight_seen_ = flight_.number();
  retransmissions_ = 0;
  backoff_ = kFirstBackoff;
  deadline_ = now + backoff_;
}

void Session::read_application_data() {
  std::array<std::uint8_t, SSL3_RT_MAX_PLAIN_LENGTH> buffer;
  for (int step = 0; step < kMaxReads; ++step) {
    starved_ = false;
    const int size = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (size > 0) {
      hold({buffer.data(), static_cast<std::size_t>(size)});
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), size);
    if (error == SSL_ERROR_ZERO_RETURN) {  // RFC 5246 §7.2.1: answer with a close_notify of our own
      SSL_shutdown(ssl_.get());
      settle(State::kClosed);
    } else if (error == SSL_ERROR_SSL) {
      fail_from_ssl(error);
    } else if (!starved_ && !input_.empty()) {
      continue;  // a record was dropped before the datagram that is waiting
    }
    return;
  }
}

void Session::hold(Bytes message) {
  if (received_bytes_ + message.size() > kMaxReceivedBytes) {
    ++received_dropped_;
    return;
  }
  received_bytes_ += message.size();
  received_.emplace_back(message.begin(), message.end());
}

bool Session::send(Bytes message) {
  if (state_ != State::kConnected || message.empty() || message.size() > max_message()) return false;
  ERR_clear_error();
  const RecordBuffers buffers(ssl_.get(), handshake_done_);
  pack_ = false;
  const int sent = SSL_write(ssl_.get(), message.data(), static_cast<int>(message.size()));
  pack_ = true;
  ERR_clear_error();
  return sent == static_cast<int>(message.size());
}

void Session::take_received(std::vector<std::vector<std::uint8_t>>& out) {
  if (!verified_) return;
  out.insert(out.end(), std::make_move_iterator(received_.begin()), std::make_move_iterator(received_.end()));
  received_.clear();
  received_bytes_ = 0;
}

void Session::close(Instant /*now*/) {
  if (state_ == State::kFailed || state_ == State::kClosed) return;
  if (handshake_done_) {
    ERR_clear_error();
    const RecordBuffers buffers(ssl_.get(), handshake_done_);
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  settle(State::kClosed);
}

}  // namespace sluice::dtls
