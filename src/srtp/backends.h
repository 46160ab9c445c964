// The three ways to make a Backend, each defined in its own file, and only there; backend.cc chooses among
// them.
#pragma once

#include <memory>

#include "srtp/backend.h"

namespace sluice::srtp {

std::unique_ptr<Backend> make_openssl_backend();
/// Nothing when this CPU lacks what the library needs. Defined when SLUICE_SRTP_IPSEC_MB is.
std::unique_ptr<Backend> make_ipsec_mb_backend();
/// Nothing when the library does not start. Defined when SLUICE_SRTP_LIBSRTP is.
std::unique_ptr<Backend> make_libsrtp_backend();

}  // namespace sluice::srtp
