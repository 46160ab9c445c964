// Session's way from the first flight to kConnected or kFailed.
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "dtls/fingerprint.h"
#include "dtls/record_buffers.h"
#include "dtls/record_filter.h"
#include "dtls/session.h"

namespace sluice::dtls {
namespace {

/// Records of one datagram that OpenSSL may drop one by one, returning each time.
constexpr int kMaxSteps = 64;

std::string join(const std::vector<DtlsFingerprint>& fingerprints) {
  std::string out;
  for (const DtlsFingerprint& f : fingerprints)
    out += (out.empty() ? "" : ", ") + f.algorithm + " " + f.value;
  return out;
}

}  // namespace

void Session::run_handshake(Instant now) {
  ERR_clear_error();
  for (int step = 0; step < kMaxSteps; ++step) {
    starved_ = false;
    const int done = SSL_do_handshake(ssl_.get());
    if (done == 1) {
      finish_handshake();
      return;
    }
    const int error = SSL_get_error(ssl_.get(), done);
    const bool harmless =
        error == SSL_ERROR_WANT_READ || (error == SSL_ERROR_SYSCALL && ERR_peek_error() == 0);
    if (!harmless) {
      fail_from_ssl(error);
      return;
    }
    if (starved_) break;
  }
  schedule_retransmission(now);
}

void Session::finish_handshake() {
  handshake_done_ = true;
  if (SSL_CIPHER_get_cipher_nid(SSL_get_current_cipher(ssl_.get())) == NID_chacha20_poly1305)
    min_protected_ = kMinChachaRecord;
  flight_.forget();
  deadline_ = kNever;
  if (options_.require_srtp && SSL_get_selected_srtp_profile(ssl_.get()) == nullptr) {
    fail_and_tell("The peer and we have no SRTP protection profile in common.");
    return;
  }
  verify_peer();
}

/// Without fingerprints yet, everything is acceptable. Notes a mismatch.
bool Session::accepts(const x509_st& certificate) {
  if (remote_fingerprints_.empty() || matches_fingerprints(certificate, remote_fingerprints_)) return true;
  mismatch_ = fingerprint_of(certificate, "sha-256")->value;
  return false;
}

void Session::verify_peer() {
  if (!handshake_done_ || verified_ || remote_fingerprints_.empty()) return;
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  SLUICE_CHECK(certificate != nullptr);  // the handshake does not end without one
  if (accepts(*certificate)) {
    verified_ = true;
    state_ = State::kConnected;
  } else {
    fail_and_tell({});
  }
}

Result<void> Session::set_remote_fingerprints(const std::vector<DtlsFingerprint>& fingerprints,
                                              Instant /*now*/) {
  auto normalized = normalize_fingerprints(fingerprints);
  if (!normalized) return normalized.error();
  if (verified_) {
    const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate != nullptr && matches_fingerprints(*certificate, *normalized)) return {};
    return Error{ErrorCode::kInvalidState, "dtlsParameters.fingerprints",
                 "The DTLS association stands with a certificate that these fingerprints do not match."};
  }
  if (state_ == State::kFailed || state_ == State::kClosed) return {};
  remote_fingerprints_ = *std::move(normalized);
  verify_peer();
  return {};
}

std::string Session::remote_certificate_pem() const {
  const X509* certificate = ssl_ ? SSL_get0_peer_certificate(ssl_.get()) : nullptr;
  if (certificate == nullptr) return {};
  std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  SLUICE_CHECK(bio != nullptr && PEM_write_bio_X509(bio.get(), certificate) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

void Session::settle(State state) {
  state_ = state;
  deadline_ = kNever;
  flight_.forget();
}

void Session::fail(std::string reason) {
  if (!mismatch_.empty()) {
    reason = "The peer's certificate (sha-256 " + mismatch_ +
             ") does not match the fingerprint from signaling (" + join(remote_fingerprints_) + ").";
  }
  failure_ = std::move(reason);
  settle(State::kFailed);
}

/// OpenSSL sends no alert of our choosing; close_notify at least tells the peer that nothing will come.
void Session::fail_and_tell(std::string reason) {
  const RecordBuffers buffers(ssl_.get(), handshake_done_);
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  fail(std::move(reason));
}

void Session::fail_from_ssl(int error) {
  constexpr int kFatal = SSL3_AL_FATAL << 8;
  std::string reason;
  if ((alert_received_ & kFatal) != 0) {
    reason = std::string("The peer sent the fatal DTLS alert \"") +
             SSL_alert_desc_string_long(alert_received_) + "\".";
  } else if (error == SSL_ERROR_ZERO_RETURN) {
    reason = "The peer closed the DTLS association during the handshake.";
  } else {
    const char* text = ERR_reason_error_string(ERR_peek_error());
    reason = std::string("DTLS was ended by an error: ") + (text != nullptr ? text : "unknown") + ".";
  }
  ERR_clear_error();
  fail(std::move(reason));
}

}  // namespace sluice::dtls
