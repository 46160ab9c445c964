#include "dtls/openssl_hooks.h"

#include <algorithm>
#include <cstring>

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "base/check.h"
#include "dtls/fingerprint.h"
#include "dtls/session.h"

namespace sluice::dtls {

Session& Hooks::session_of(const ssl_st* ssl) {
  return *static_cast<Session*>(SSL_get_app_data(ssl));
}

bio_method_st* Hooks::make_bio_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sluice datagrams");
  SLUICE_CHECK(method != nullptr);
  BIO_meth_set_write(method, &Hooks::write);
  BIO_meth_set_read(method, &Hooks::read);
  BIO_meth_set_ctrl(method, &Hooks::control);
  return method;
}

void Hooks::attach(ssl_st* ssl, const bio_method_st* method, Session& session) {
  BIO* bio = BIO_new(method);
  SLUICE_CHECK(bio != nullptr);
  BIO_set_data(bio, &session);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, &session);
  DTLS_set_timer_cb(ssl, &Hooks::timer);
}

int Hooks::write(bio_st* bio, const char* data, int size) {
  Session& session = *static_cast<Session*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  session.flight_.write({reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)},
                        session.pack_);
  return size;
}

int Hooks::read(bio_st* bio, char* data, int size) {
  Session& session = *static_cast<Session*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  session.flight_.end_copy();  // OpenSSL reads only after the copies that its timer asked for are written
  if (session.input_.empty()) {
    session.starved_ = true;
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t taken = std::min(session.input_.size(), static_cast<std::size_t>(size));
  std::memcpy(data, session.input_.data(), taken);
  session.input_ = {};  // a read takes a whole datagram, like recv()
  return static_cast<int>(taken);
}

long Hooks::control(bio_st* bio, int command, long /*number*/, void* /*pointer*/) {
  const Session& session = *static_cast<Session*>(BIO_get_data(bio));
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_PENDING:
      return static_cast<long>(session.input_.size());
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return static_cast<long>(session.options_.mtu);
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
      return 0;  // options_.mtu is UDP payload already
    default:
      return 0;
  }
}

// RFC 5763 §5: the certificate is bound by its fingerprint, nothing else. When signaling has brought the
// fingerprints already, a wrong certificate ends the handshake here with bad_certificate; otherwise Session
// checks when they come.
int Hooks::verify(x509_store_ctx_st* store, void* /*unused*/) {
  const auto* ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Session& session = session_of(ssl);
  const X509* leaf = X509_STORE_CTX_get0_cert(store);
  if (leaf != nullptr && session.accepts(*leaf)) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

void Hooks::info(const ssl_st* ssl, int where, int value) {
  if ((where & SSL_CB_ALERT) == 0) return;
  if ((where & SSL_CB_READ) != 0) session_of(ssl).alert_received_ = value;
}

}  // namespace sluice::dtls
