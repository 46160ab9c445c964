#include "srtp/backend.h"

#include "srtp/backends.h"

namespace sluice::srtp {
namespace {
constexpr BackendKind kFastestFirst[] = {BackendKind::kIpsecMb, BackendKind::kOpenssl, BackendKind::kLibsrtp};
}  // namespace

std::string_view to_string(BackendKind kind) {
  switch (kind) {
    case BackendKind::kIpsecMb:
      return "ipsec-mb";
    case BackendKind::kOpenssl:
      return "openssl";
    case BackendKind::kLibsrtp:
      return "libsrtp";
  }
  return "";
}

std::optional<BackendKind> parse_backend(std::string_view name) {
  for (const BackendKind kind : kFastestFirst) {
    if (to_string(kind) == name) return kind;
  }
  return std::nullopt;
}

std::unique_ptr<Backend> make_backend(BackendKind kind) {
  switch (kind) {
    case BackendKind::kIpsecMb:
#ifdef SLUICE_SRTP_IPSEC_MB
      return make_ipsec_mb_backend();
#else
      return nullptr;
#endif
    case BackendKind::kOpenssl:
      return make_openssl_backend();
    case BackendKind::kLibsrtp:
#ifdef SLUICE_SRTP_LIBSRTP
      return make_libsrtp_backend();
#else
      return nullptr;
#endif
  }
  return nullptr;
}

bool backend_available(BackendKind kind) {
  return make_backend(kind) != nullptr;
}

std::unique_ptr<Backend> make_fastest_backend() {
  auto fastest = make_backend(BackendKind::kIpsecMb);
  return fastest ? std::move(fastest) : make_backend(BackendKind::kOpenssl);
}

BackendKind detect_backend() {
  return backend_available(BackendKind::kIpsecMb) ? BackendKind::kIpsecMb : BackendKind::kOpenssl;
}

}  // namespace sluice::srtp
