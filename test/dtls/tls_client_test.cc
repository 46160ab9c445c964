// The TLS client against OpenSSL's own server in memory: what certificates it takes, for whom and when.
#include "dtls/tls_client.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "catch.h"

namespace sluice::dtls {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

/// A self-signed certificate for localhost and 127.0.0.1, good for an hour from kNow, and a server that shows
/// it.
class Server {
 public:
  Server() : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free), certificate_(X509_new(), &X509_free) {
    X509* x = certificate_.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    ASN1_TIME_set(X509_getm_notBefore(x), kNow);
    ASN1_TIME_set(X509_getm_notAfter(x), kNow + 3600);
    X509_set_pubkey(x, key_.get());
    X509_NAME* name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1,
                               -1, 0);
    X509_set_issuer_name(x, name);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    X509_add_ext(x, names, -1);
    X509_EXTENSION_free(names);
    REQUIRE(X509_sign(x, key_.get(), EVP_sha256()) != 0);
    context_.reset(SSL_CTX_new(TLS_server_method()));
    REQUIRE(SSL_CTX_use_certificate(context_.get(), x) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(context_.get(), key_.get()) == 1);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
  }
  [[nodiscard]] std::string pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate_.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }
  /// Carries bytes both ways until neither side has any; everything the client says is said back.
  void run(TlsClient& client, std::size_t piece = 100000) {
    for (;;) {
      const auto up = client.take_outgoing();
      if (!up.empty()) BIO_write(SSL_get_rbio(ssl_.get()), up.data(), static_cast<int>(up.size()));
      char text[4096];
      if (!SSL_is_init_finished(ssl_.get())) SSL_do_handshake(ssl_.get());
      for (int n = 0; (n = SSL_read(ssl_.get(), text, sizeof text)) > 0;) SSL_write(ssl_.get(), text, n);
      std::vector<std::uint8_t> down(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())));
      if (!down.empty()) BIO_read(SSL_get_wbio(ssl_.get()), down.data(), static_cast<int>(down.size()));
      for (std::size_t at = 0; at < down.size(); at += piece)
        client.receive(Bytes(down).subspan(at, std::min(piece, down.size() - at)));
      if (up.empty() && down.empty()) return;
    }
  }
  void finish() { SSL_shutdown(ssl_.get()); }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, &SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
};

TlsClient::Options options(const Server& server, const char* host, std::int64_t when = kNow + 60) {
  return {.host = host, .ca_pem = server.pem(), .system_cas = false, .unix_time = when};
}

TEST_CASE(
    "a TLS client talks to a server whose certificate is for the name or the address, in pieces of any "
    "size") {
  const char* host = GENERATE("localhost", "127.0.0.1");
  const std::size_t piece = GENERATE(1, 7, 100000);
  Server server;
  TlsClient client(options(server, host));
  CHECK(client.send(as_bytes("before the handshake")));
  server.run(client, piece);
  CHECK(client.state() == TlsClient::State::kConnected);
  CHECK(as_text(client.take_incoming()) == "before the handshake");
  CHECK(client.send(std::vector<std::uint8_t>(100000, 'x')));
  server.run(client, piece);
  CHECK(client.take_incoming() == std::vector<std::uint8_t>(100000, 'x'));
  server.finish();
  server.run(client, piece);
  CHECK(client.state() == TlsClient::State::kClosed);
  CHECK_FALSE(client.send(as_bytes("late")));
}

TEST_CASE("what is wrong with a certificate is said, and nothing passes") {
  Server server;
  const auto refused = [&](const TlsClient::Options& how, const std::string& why) {
    Server fresh;  // a handshake of its own, with a certificate of its own: only `how` decides
    TlsClient::Options mine = how;
    if (!mine.ca_pem.empty()) mine.ca_pem = fresh.pem();
    TlsClient client(mine);
    client.send(as_bytes("secret"));
    fresh.run(client);
    CHECK(client.state() == TlsClient::State::kFailed);
    CHECK(client.error() == "the certificate of '" + how.host + "' is not accepted: " + why);
    CHECK(client.take_incoming().empty());
  };
  refused(options(server, "example.org"), "hostname mismatch");
  refused(options(server, "127.0.0.2"), "IP address mismatch");
  refused(options(server, "localhost", kNow + 3601), "certificate has expired");
  refused(options(server, "localhost", kNow - 1), "certificate is not yet valid");
  TlsClient::Options nobody = options(server, "localhost");
  nobody.ca_pem.clear();
  refused(nobody, "self-signed certificate");
}

TEST_CASE("what is not TLS, or not a certificate, fails with a reason") {
  Server server;
  TlsClient client(options(server, "localhost"));
  client.receive(as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
  CHECK(client.state() == TlsClient::State::kFailed);
  CHECK(client.error() == "the TLS handshake failed: wrong version number");
  TlsClient::Options wrong = options(server, "localhost");
  wrong.ca_pem = "not a certificate";
  TlsClient never(wrong);
  CHECK(never.error() == "there is no certificate in what is to be trusted (PEM)");
  never.receive(as_bytes("x"));
  CHECK(never.take_outgoing().empty());
}

}  // namespace
}  // namespace sluice::dtls
