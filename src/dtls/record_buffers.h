// OpenSSL's record buffers (16 KiB to read into, one record to write) of a connected session, held only while
// it works.
//
// SSL_MODE_RELEASE_BUFFERS does this for TLS only, and OpenSSL 3.0 writes to a buffer that is not there: so
// every call into a session whose handshake is done stands under one of these. Called by Session's own files
// only.
#pragma once

#include <openssl/ssl.h>

#include "base/check.h"

namespace sluice::dtls {

class RecordBuffers {
 public:
  /// `handshake_done` may become true meanwhile: during the handshake the buffers stay.
  RecordBuffers(SSL* ssl, const bool& handshake_done) : ssl_(ssl), handshake_done_(handshake_done) {
    if (handshake_done_) SLUICE_CHECK(SSL_alloc_buffers(ssl_) == 1);
  }
  ~RecordBuffers() {
    if (handshake_done_) SSL_free_buffers(ssl_);  // refuses, rightly, while they hold something
  }
  RecordBuffers(const RecordBuffers&) = delete;
  RecordBuffers& operator=(const RecordBuffers&) = delete;

 private:
  SSL* ssl_;
  const bool& handshake_done_;
};

}  // namespace sluice::dtls
