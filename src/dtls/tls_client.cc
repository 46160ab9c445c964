#include "dtls/tls_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "sluice/address.h"

namespace sluice::dtls {
namespace {

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

}  // namespace

void TlsClient::ContextFree::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}
void TlsClient::SslFree::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

TlsClient::TlsClient(Options options)
    : options_(std::move(options)), context_(SSL_CTX_new(TLS_client_method())) {
  if (!set_up()) return;
  handshake();
}

TlsClient::~TlsClient() = default;

bool TlsClient::set_up() {
  SSL_CTX* context = context_.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
    fail("TLS cannot be set up: " + openssl_reason());
    return false;
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (options_.system_cas) SSL_CTX_set_default_verify_paths(context);
  if (!options_.ca_pem.empty() && !trust(options_.ca_pem)) return false;
  ssl_.reset(SSL_new(context));
  if (ssl_ == nullptr || !expect_host()) {
    if (error_.empty()) fail("TLS cannot be set up: " + openssl_reason());
    return false;
  }
  // The time is our owner's, as everywhere.
  X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl_.get()), static_cast<time_t>(options_.unix_time));
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl_.get());
  return true;
}

bool TlsClient::trust(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509_STORE* store = SSL_CTX_get_cert_store(context_.get());
  int added = 0;
  while (X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) {
    added += X509_STORE_add_cert(store, certificate);
    X509_free(certificate);
  }
  BIO_free(bio);
  ERR_clear_error();  // that of the end
  if (added == 0) fail("there is no certificate in what is to be trusted (PEM)");
  return added != 0;
}

/// RFC 6125: the certificate is for the name, or for the address, that the user wrote.
bool TlsClient::expect_host() {
  if (SocketAddress::parse(options_.host, 0))
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), options_.host.c_str()) == 1;
  SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl_.get(), options_.host.c_str()) == 1 &&
         SSL_set_tlsext_host_name(ssl_.get(), options_.host.c_str()) == 1;
}

void TlsClient::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    state_ = State::kConnected;
    return flush();
  }
  const int why = SSL_get_error(ssl_.get(), result);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
  if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
    return fail("the certificate of '" + options_.host +
                "' is not accepted: " + X509_verify_cert_error_string(verdict));
  fail("the TLS handshake failed: " + openssl_reason());
}

void TlsClient::receive(Bytes bytes) {
  if (state_ == State::kFailed || state_ == State::kClosed) return;
  while (!bytes.empty()) {
    const int written = BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(),
                                  static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)));
    if (written <= 0) return fail("no memory for what came");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (state_ == State::kHandshaking) handshake();
  if (state_ == State::kConnected) read();
}

void TlsClient::read() {
  std::array<std::uint8_t, 16384> buffer;
  for (;;) {
    ERR_clear_error();
    const int size = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (size > 0) {
      incoming_.insert(incoming_.end(), buffer.begin(), buffer.begin() + size);
      continue;
    }
    const int why = SSL_get_error(ssl_.get(), size);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
    if (why == SSL_ERROR_ZERO_RETURN) {
      state_ = State::kClosed;
      return;
    }
    return fail("the TLS connection failed: " + openssl_reason());
  }
}

bool TlsClient::send(Bytes bytes) {
  if (state_ == State::kFailed || state_ == State::kClosed || unsent_.size() + bytes.size() > kMaxUnsent)
    return false;
  unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
  if (state_ == State::kConnected) flush();
  return state_ == State::kConnected || state_ == State::kHandshaking;
}

void TlsClient::flush() {
  if (unsent_.empty()) return;
  ERR_clear_error();
  // A memory BIO takes everything.
  const int written = SSL_write(ssl_.get(), unsent_.data(), static_cast<int>(unsent_.size()));
  if (written <= 0) return fail("the TLS connection failed: " + openssl_reason());
  unsent_.clear();
}

void TlsClient::close() {
  if (state_ == State::kConnected) SSL_shutdown(ssl_.get());
  ERR_clear_error();
  if (state_ != State::kFailed) state_ = State::kClosed;
}

std::vector<std::uint8_t> TlsClient::take_outgoing() {
  std::vector<std::uint8_t> out;
  if (ssl_ == nullptr) return out;
  BIO* bio = SSL_get_wbio(ssl_.get());
  out.resize(BIO_ctrl_pending(bio));
  if (!out.empty()) BIO_read(bio, out.data(), static_cast<int>(out.size()));
  return out;
}

std::vector<std::uint8_t> TlsClient::take_incoming() {
  return std::exchange(incoming_, {});
}

void TlsClient::fail(std::string what) {
  state_ = State::kFailed;
  error_ = std::move(what);
  unsent_.clear();
  incoming_.clear();
}

}  // namespace sluice::dtls
