#include "peer/settings.h"

#include <algorithm>

#include "dtls/context.h"
#include "peer/negotiator.h"
#include "srtp/suite.h"

namespace sluice::peer {
namespace {

/// RFC 8122 §5's form, and of this certificate.
Result<void> check_fingerprint(const dtls::Certificate& certificate, const std::string& fingerprint) {
  const std::size_t space = fingerprint.find(' ');
  const std::string algorithm = fingerprint.substr(0, space);
  const std::string wanted = space == std::string::npos ? std::string() : fingerprint.substr(space + 1);
  if (algorithm != "sha-256" && algorithm != "sha-384" && algorithm != "sha-512")
    return invalid_argument("certificate.fingerprint",
                            "\"" + fingerprint + "\" is no fingerprint; expected \"sha-256 AB:CD:…\"");
  if (certificate.fingerprint(algorithm).value != wanted)
    return invalid_argument("certificate.fingerprint", "the certificate's is " + algorithm + " " +
                                                           certificate.fingerprint(algorithm).value +
                                                           "; expected " + fingerprint);
  return {};
}

Result<dtls::Certificate> make_certificate(const std::optional<CertificatePem>& pem,
                                           std::int64_t unix_seconds) {
  if (!pem) return dtls::Certificate::generate(unix_seconds);
  const bool paths = !pem->certificate_path.empty() || !pem->private_key_path.empty();
  const bool texts = !pem->certificate.empty() || !pem->private_key.empty();
  if (paths == texts)
    return invalid_argument("certificate",
                            paths ? "both paths and texts are given; expected one of the two"
                                  : "neither paths nor texts are given; expected one of the two");
  auto made = paths ? dtls::Certificate::from_pem_files(pem->certificate_path, pem->private_key_path)
                    : dtls::Certificate::from_pem(pem->certificate, pem->private_key);
  if (!made) return made.error();
  if (pem->fingerprint.empty()) return made;
  if (const auto matches = check_fingerprint(*made, pem->fingerprint); !matches) return matches.error();
  return made;
}

Result<ice::FullAgent::Options> read_ice(const Configuration& configuration) {
  std::vector<ice::IceServerConfig> given;
  for (const IceServer& s : configuration.ice_servers)
    given.push_back({s.urls, s.username, s.credential, s.credential_type});
  auto servers = ice::parse_ice_servers(given);
  if (!servers) return servers.error();
  ice::FullAgent::Options out;
  out.servers = *std::move(servers);
  if (configuration.ice_transport_policy == IceTransportPolicy::kRelay)
    out.policy = ice::TransportPolicy::kRelay;
  return out;
}

Result<std::vector<std::uint16_t>> read_srtp_profiles(const std::vector<std::string>& names) {
  if (names.empty())
    return std::vector<std::uint16_t>(dtls::kSrtpProfiles.begin(), dtls::kSrtpProfiles.end());
  std::vector<std::uint16_t> out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string field = "srtp_crypto_suites[" + std::to_string(i) + "]";
    const auto suite = srtp::parse_suite(names[i]);
    if (!suite)
      return invalid_argument(field,
                              "\"" + names[i] +
                                  "\" is no suite that there is; expected AEAD_AES_256_GCM, "
                                  "AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_80 or AES_CM_128_HMAC_SHA1_32");
    const auto number = static_cast<std::uint16_t>(*suite);
    if (std::find(out.begin(), out.end(), number) != out.end())
      return invalid_argument(field, names[i] + " is there twice; expected each suite once");
    out.push_back(number);
  }
  return out;
}

}  // namespace

Result<Settings> read_settings(const Configuration& configuration, std::int64_t unix_seconds) {
  auto ice = read_ice(configuration);
  if (!ice) return ice.error();
  auto capabilities = make_capabilities(configuration.codecs);
  if (!capabilities) return capabilities.error();
  auto profiles = read_srtp_profiles(configuration.srtp_crypto_suites);
  if (!profiles) return profiles.error();
  auto certificate = make_certificate(configuration.certificate, unix_seconds);
  if (!certificate) return certificate.error();
  return Settings{*std::move(certificate), *std::move(capabilities), *std::move(ice), *std::move(profiles)};
}

Result<ice::FullAgent::Options> read_changed_settings(const Configuration& before,
                                                      const Configuration& after) {
  const auto unchangeable = [](std::string field) {
    return Error{ErrorCode::kInvalidState, std::move(field),
                 "cannot change after construction; expected what get_configuration() gives"};
  };
  if (after.certificate != before.certificate) return unchangeable("certificate");
  if (after.codecs != before.codecs) return unchangeable("codecs");
  if (after.srtp_crypto_suites != before.srtp_crypto_suites) return unchangeable("srtp_crypto_suites");
  if (after.max_message_size != before.max_message_size) return unchangeable("max_message_size");
  if (after.max_data_channels != before.max_data_channels) return unchangeable("max_data_channels");
  if (after.answer_role != before.answer_role) return unchangeable("answer_role");
  return read_ice(after);
}

}  // namespace sluice::peer
