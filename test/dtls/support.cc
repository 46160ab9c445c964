#include "dtls/support.h"

#include <cstdio>
#include <memory>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "base/check.h"

namespace sluice::dtls::test {
namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string text_of(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(size)};
}

KeyPtr make_key(const std::string& type, const std::string& parameter) {
  EVP_PKEY* key = nullptr;
  if (type == "RSA")
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(std::stoul(parameter)));
  if (type == "EC") key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", parameter.c_str());
  if (type == "ED25519") key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  SLUICE_CHECK(key != nullptr);
  return {key, &EVP_PKEY_free};
}

void append_certificate(BIO* out, EVP_PKEY* key, int index) {
  X509* x509 = X509_new();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), index + 1);
  ASN1_TIME_set(X509_getm_notBefore(x509), kUnixSeconds);
  ASN1_TIME_set(X509_getm_notAfter(x509), kUnixSeconds + 1000);
  const auto add = [](X509_NAME* name, int i) {
    const std::string text = "link " + std::to_string(i);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text.c_str()),
                               -1, -1, 0);
  };
  add(X509_get_subject_name(x509), index);
  add(X509_get_issuer_name(x509), index + 1);
  X509_set_pubkey(x509, key);
  SLUICE_CHECK(X509_sign(x509, key, EVP_PKEY_is_a(key, "ED25519") == 1 ? nullptr : EVP_sha256()) > 0);
  SLUICE_CHECK(PEM_write_bio_X509(out, x509) == 1);
  X509_free(x509);
}

}  // namespace

Pair::Pair(Context& client_context, Context& server_context, Setup setup)
    : weather(setup.weather),
      random(setup.seed),
      client(client_context, Role::kClient, setup.client),
      server(server_context, Role::kServer, setup.server) {
  if (setup.client_knows) {
    SLUICE_CHECK(client.set_remote_fingerprints({server_context.certificate().fingerprint()}, now).ok());
  }
  if (setup.server_knows) {
    SLUICE_CHECK(server.set_remote_fingerprints({client_context.certificate().fingerprint()}, now).ok());
  }
}

void Pair::start() {
  server.start(now);
  client.start(now);
}

void Pair::collect(bool from_client) {
  std::vector<Datagram> out;
  (from_client ? client : server).drain(out);
  for (Datagram& datagram : out) {
    sent.emplace_back(from_client, datagram);
    if (lose ? lose(from_client, datagram) : random.chance(weather.loss)) continue;
    const int copies = random.chance(weather.duplication) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const auto jitter =
          weather.jitter.count() > 0 ? random.below(static_cast<std::uint32_t>(weather.jitter.count())) : 0;
      wire_.emplace(now + weather.delay + Duration(jitter), std::pair(from_client, datagram));
    }
  }
}

void Pair::deliver_due() {
  while (!wire_.empty() && wire_.begin()->first <= now) {
    const auto [from_client, datagram] = std::move(wire_.begin()->second);
    wire_.erase(wire_.begin());
    Session& to = from_client ? server : client;
    to.receive(datagram, now);
    collect(!from_client);
  }
}

bool Pair::run_until(const std::function<bool()>& done, Duration limit) {
  const Instant end = now + limit;
  while (true) {
    collect(true);
    collect(false);
    if (done()) return true;
    Instant next = std::min(client.next_deadline(), server.next_deadline());
    if (!wire_.empty()) next = std::min(next, wire_.begin()->first);
    if (next > end) return false;
    now = std::max(now, next);
    deliver_due();
    client.advance(now);
    server.advance(now);
  }
}

TempFile::TempFile(const std::string& text) : path_("/tmp/sluice-dtls-XXXXXX") {
  const int fd = mkstemp(path_.data());
  SLUICE_CHECK(fd >= 0);
  SLUICE_CHECK(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(fd);
}

TempFile::~TempFile() {
  std::remove(path_.c_str());
}

PemPair make_pem(const std::string& type, const std::string& parameter, int chain) {
  const KeyPtr key = make_key(type, parameter);
  const std::unique_ptr<BIO, decltype(&BIO_free)> certificates(BIO_new(BIO_s_mem()), &BIO_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> private_key(BIO_new(BIO_s_mem()), &BIO_free);
  for (int i = 0; i < chain; ++i) append_certificate(certificates.get(), key.get(), i);
  PEM_write_bio_PrivateKey(private_key.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {text_of(certificates.get()), text_of(private_key.get())};
}

std::string encrypted_key_pem() {
  const KeyPtr key = make_key("EC", "P-256");
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  const auto* password = reinterpret_cast<const unsigned char*>("secret");
  PEM_write_bio_PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), password, 6, nullptr, nullptr);
  return text_of(out.get());
}

Certificate load(const PemPair& pem) {
  const TempFile certificate(pem.certificate);
  const TempFile key(pem.key);
  auto result = Certificate::from_pem_files(certificate.path(), key.path());
  SLUICE_CHECK(result.ok());
  return *std::move(result);
}

bool error_queue_empty() {
  return ERR_peek_error() == 0;
}

}  // namespace sluice::dtls::test
