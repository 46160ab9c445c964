// Where OpenSSL calls back: its BIO (datagram boundaries kept), certificate verification, alerts and the
// timer.
//
// Called by Context, which registers them, and Session, which is what they lead back to.
#pragma once

#include <cstddef>

struct bio_st;
struct bio_method_st;
struct ssl_st;
struct x509_store_ctx_st;

namespace sluice::dtls {

class Session;

struct Hooks {
  static bio_method_st* make_bio_method();
  /// Gives `ssl` its session and a BIO that reads and writes it.
  static void attach(ssl_st* ssl, const bio_method_st* method, Session& session);

  static int verify(x509_store_ctx_st* store, void* unused);
  static void info(const ssl_st* ssl, int where, int value);
  static unsigned int timer(ssl_st* ssl, unsigned int current_us);  // openssl_timer.cc

 private:
  static Session& session_of(const ssl_st* ssl);
  static int write(bio_st* bio, const char* data, int size);
  static int read(bio_st* bio, char* data, int size);
  static long control(bio_st* bio, int command, long number, void* pointer);
};

}  // namespace sluice::dtls
