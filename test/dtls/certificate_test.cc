#include <openssl/x509.h>

#include "catch.h"
#include "dtls/fingerprint.h"
#include "dtls/support.h"

namespace sluice::dtls {
namespace {

using test::TempFile;

TEST_CASE("a generated certificate is ECDSA P-256, named sluice, and unlike any other") {
  const Certificate one = test::make_certificate();
  const Certificate two = test::make_certificate();
  CHECK(one.fingerprint() != two.fingerprint());
  CHECK(one.pem().rfind("-----BEGIN CERTIFICATE-----", 0) == 0);
  CHECK(one.issuers().empty());
  char name[64] = {};
  X509_NAME_oneline(X509_get_subject_name(one.x509()), name, sizeof name);
  CHECK(std::string(name) == "/CN=sluice");
  CHECK(EVP_PKEY_get_bits(one.key()) == 256);
  CHECK(X509_verify(one.x509(), one.key()) == 1);
  time_t before_end = test::kUnixSeconds + 29 * 86400;
  time_t after_end = test::kUnixSeconds + 31 * 86400;
  time_t start = test::kUnixSeconds;
  CHECK(X509_cmp_time(X509_get0_notAfter(one.x509()), &before_end) > 0);
  CHECK(X509_cmp_time(X509_get0_notAfter(one.x509()), &after_end) < 0);
  CHECK(X509_cmp_time(X509_get0_notBefore(one.x509()), &start) < 0);
}

TEST_CASE("fingerprints are upper-case hexadecimal bytes joined by colons, one for each hash") {
  const Certificate certificate = test::make_certificate();
  const auto all = certificate.fingerprints();
  REQUIRE(all.size() == 5);
  const std::size_t bytes[] = {20, 28, 32, 48, 64};
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].algorithm == kFingerprintAlgorithms[i]);
    CHECK(all[i].value.size() == bytes[i] * 3 - 1);
    CHECK(all[i].value.find_first_not_of("0123456789ABCDEF:") == std::string::npos);
    CHECK(matches_fingerprints(*certificate.x509(), {all[i]}));
  }
  CHECK_FALSE(fingerprint_of(*certificate.x509(), "md5").has_value());
}

TEST_CASE("a copy of a certificate is the same certificate") {
  const Certificate one = test::load(test::make_pem("EC", "P-256", 2));
  Certificate two = one;
  CHECK(two.fingerprint() == one.fingerprint());
  CHECK(two.issuers().size() == 1);
  two = test::make_certificate();
  CHECK(two.fingerprint() != one.fingerprint());
}

TEST_CASE("fingerprints from signaling come in any case, and those of unknown hashes are left out") {
  const Certificate certificate = test::make_certificate();
  DtlsFingerprint lower = certificate.fingerprint();
  lower.algorithm = "SHA-256";
  for (char& c : lower.value) c = static_cast<char>(std::tolower(c));
  const auto normalized = normalize_fingerprints({{"sha3-256", "whatever"}, lower});
  REQUIRE(normalized.ok());
  REQUIRE(normalized->size() == 1);
  CHECK(normalized->front() == certificate.fingerprint());
}

TEST_CASE("malformed fingerprints are refused with the field at fault") {
  const std::string good = test::make_certificate().fingerprint().value;
  const auto refuse = [](const std::vector<DtlsFingerprint>& fingerprints) {
    const auto result = normalize_fingerprints(fingerprints);
    REQUIRE_FALSE(result.ok());
    return result.error();
  };
  CHECK(refuse({}).field == "dtlsParameters.fingerprints");
  CHECK(refuse({{"sha-256", good}, {"sha-256", good + ":00"}}).field ==
        "dtlsParameters.fingerprints[1].value");
  CHECK(refuse({{"sha-1", good}}).message ==
        "Malformed sha-1 fingerprint, expected 20 hexadecimal bytes joined by colons.");
  CHECK(refuse({{"sha-256", ""}}).code == ErrorCode::kInvalidArgument);
  std::string dashes = good;
  for (char& c : dashes) c = c == ':' ? '-' : c;
  CHECK(refuse({{"sha-256", dashes}}).code == ErrorCode::kInvalidArgument);
  CHECK(refuse({{"md5", good}}).code == ErrorCode::kUnsupported);

  Context context(test::make_certificate());
  Session session(context, Role::kServer);
  CHECK_FALSE(session.set_remote_fingerprints({}, Instant{}).ok());
}

TEST_CASE("of several fingerprints those of the strongest hash count") {
  const Certificate certificate = test::make_certificate();
  const Certificate other = test::make_certificate();
  const x509_st& x509 = *certificate.x509();
  CHECK(matches_fingerprints(x509, certificate.fingerprints()));
  CHECK(matches_fingerprints(x509, {other.fingerprint(), certificate.fingerprint()}));
  CHECK(matches_fingerprints(x509, {other.fingerprint("sha-1"), certificate.fingerprint("sha-512")}));
  CHECK_FALSE(matches_fingerprints(x509, {certificate.fingerprint("sha-1"), other.fingerprint("sha-512")}));
  CHECK_FALSE(matches_fingerprints(x509, {other.fingerprint()}));
  CHECK_FALSE(matches_fingerprints(x509, {}));
}

TEST_CASE("a session accepts each hash") {
  const std::string algorithm(
      GENERATE(from_range(std::begin(kFingerprintAlgorithms), std::end(kFingerprintAlgorithms))));
  Context context(test::make_certificate());
  test::Pair pair(context, context);
  REQUIRE(pair.client.set_remote_fingerprints({context.certificate().fingerprint(algorithm)}, pair.now).ok());
  CHECK(pair.connect());
}

TEST_CASE("PEM files are read with their chain") {
  const test::PemPair pem = test::make_pem("RSA", "2048", 3);
  const Certificate certificate = test::load(pem);
  CHECK(certificate.issuers().size() == 2);
  CHECK(pem.certificate.rfind(certificate.pem(), 0) == 0);
  CHECK(test::error_queue_empty());
}

TEST_CASE("each problem of PEM files is told with file and reason") {
  const test::PemPair good = test::make_pem("EC", "P-256");
  const TempFile certificate(good.certificate);
  const TempFile key(good.key);
  const auto refuse = [](const std::string& certificate_path, const std::string& key_path) {
    const auto result = Certificate::from_pem_files(certificate_path, key_path);
    REQUIRE_FALSE(result.ok());
    CHECK(test::error_queue_empty());
    return result.error().field + ": " + result.error().message;
  };

  CHECK(refuse("/nowhere/c.pem", key.path()) ==
        "dtlsCertificateFile: Cannot read /nowhere/c.pem: No such file or directory.");
  CHECK(refuse(certificate.path(), "/nowhere/k.pem") ==
        "dtlsPrivateKeyFile: Cannot read /nowhere/k.pem: No such file or directory.");
  CHECK(refuse("/tmp", key.path()) == "dtlsCertificateFile: Cannot read /tmp: Is a directory.");

  const TempFile text("not a certificate");
  CHECK(refuse(text.path(), key.path()) ==
        "dtlsCertificateFile: " + text.path() +
            " is not a PEM certificate, expected a \"-----BEGIN CERTIFICATE-----\" block.");
  CHECK(refuse(certificate.path(), text.path()) ==
        "dtlsPrivateKeyFile: " + text.path() +
            " is not a PEM private key, expected a \"-----BEGIN PRIVATE KEY-----\" block.");
  const TempFile empty("");
  CHECK(refuse(empty.path(), key.path()).find("is not a PEM certificate") != std::string::npos);
  CHECK(refuse(key.path(), key.path()).find("is not a PEM certificate") != std::string::npos);

  const TempFile damaged(good.certificate.substr(0, 80) + "\n-----END CERTIFICATE-----\n");
  CHECK(refuse(damaged.path(), key.path()) ==
        "dtlsCertificateFile: " + damaged.path() + " holds a damaged PEM certificate.");
  const TempFile second_damaged(good.certificate + good.certificate.substr(0, 80));
  CHECK(refuse(second_damaged.path(), key.path()).find("damaged PEM certificate") != std::string::npos);
  const TempFile damaged_key(good.key.substr(0, 60) + "\n-----END PRIVATE KEY-----\n");
  CHECK(refuse(certificate.path(), damaged_key.path()).find("damaged PEM private key") != std::string::npos);

  const TempFile other_key(test::make_pem("EC", "P-256").key);
  CHECK(refuse(certificate.path(), other_key.path()) == "dtlsPrivateKeyFile: The key in " + other_key.path() +
                                                            " does not match the certificate in " +
                                                            certificate.path() + ".");
  const TempFile encrypted(test::encrypted_key_pem());
  CHECK(refuse(certificate.path(), encrypted.path()).find("is encrypted") != std::string::npos);

  const TempFile small(test::make_pem("RSA", "1024").certificate);
  CHECK(refuse(small.path(), key.path()).find("has an RSA key of 1024 bits, expected at least 2048.") !=
        std::string::npos);
  const TempFile p521(test::make_pem("EC", "P-521").certificate);
  CHECK(refuse(p521.path(), key.path()).find("expected P-256 or P-384") != std::string::npos);
  const TempFile edwards(test::make_pem("ED25519", "").certificate);
  CHECK(refuse(edwards.path(), key.path()).find("neither ECDSA nor RSA") != std::string::npos);
}

}  // namespace
}  // namespace sluice::dtls
