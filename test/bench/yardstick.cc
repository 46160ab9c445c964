// The yardstick of the forwarding benchmark: the least that a forwarder does, in the plainest way there is.
// Receive a packet; for each receiver copy it, protect it with one call of OpenSSL whose context and key
// stand ready, and send it with one sendmsg. No RTCP, no statistics, no rewriting, no batching of any kind.
//
// Descriptor 3 brings one line, "SUITE PORT PORT ...", takes one with the port that packets are to be sent
// to, and ends the program when it is closed. Started by forward_bench.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t kHeader = 12;

/// One receiver's keys.
class Protector {
 public:
  Protector(bool gcm, std::uint8_t seed) : gcm_(gcm), cipher_(EVP_CIPHER_CTX_new()) {
    std::memset(key_, seed, sizeof key_);
    EVP_EncryptInit_ex(cipher_, gcm ? EVP_aes_128_gcm() : EVP_aes_128_ctr(), nullptr, key_, iv_);
    if (gcm) return;
    mac_ = EVP_MAC_CTX_new(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    char digest[] = "SHA1";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                     OSSL_PARAM_construct_end()};
    EVP_MAC_init(mac_, key_, sizeof key_, parameters);
  }

  /// Encrypts in place and appends the tag.
  std::size_t protect(std::uint8_t* packet, std::size_t size, std::uint64_t index) {
    std::memcpy(iv_, &index, sizeof index);
    int out = 0;
    EVP_EncryptInit_ex(cipher_, nullptr, nullptr, nullptr, iv_);
    const int payload = static_cast<int>(size - kHeader);
    if (gcm_) {
      EVP_EncryptUpdate(cipher_, nullptr, &out, packet, kHeader);
      EVP_EncryptUpdate(cipher_, packet + kHeader, &out, packet + kHeader, payload);
      EVP_EncryptFinal_ex(cipher_, packet + size, &out);
      EVP_CIPHER_CTX_ctrl(cipher_, EVP_CTRL_AEAD_GET_TAG, 16, packet + size);
      return size + 16;
    }
    EVP_EncryptUpdate(cipher_, packet + kHeader, &out, packet + kHeader, payload);
    std::uint8_t tag[20];
    std::size_t tag_size = 0;
    const std::uint32_t rollover = 0;
    EVP_MAC_init(mac_, nullptr, 0, nullptr);
    EVP_MAC_update(mac_, packet, size);
    EVP_MAC_update(mac_, reinterpret_cast<const std::uint8_t*>(&rollover), sizeof rollover);
    EVP_MAC_final(mac_, tag, &tag_size, sizeof tag);
    std::memcpy(packet + size, tag, 10);
    return size + 10;
  }

 private:
  bool gcm_;
  EVP_CIPHER_CTX* cipher_;
  EVP_MAC_CTX* mac_ = nullptr;
  std::uint8_t key_[16];
  std::uint8_t iv_[16] = {};
};

struct Receiver {
  Protector protector;
  sockaddr_in address;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.sin_port = htons(port);
  return out;
}

std::string read_line(int fd) {
  std::string line;
  for (char c = 0; read(fd, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

bool closed(int fd) {
  char c = 0;
  return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

int open_socket() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_in any = loopback(0);
  bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any);
  const int buffer = 4 << 20;
  for (const int name : {SO_RCVBUFFORCE, SO_SNDBUFFORCE})
    setsockopt(fd, SOL_SOCKET, name, &buffer, sizeof buffer);
  const timeval patience{0, 100'000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

void forward(int fd, std::vector<Receiver>& receivers) {
  std::uint8_t in[2048];
  std::uint8_t out[2048];
  std::uint64_t index = 0;
  for (;;) {
    const ssize_t size = recv(fd, in, 1984, 0);
    if (size < 0 && closed(3)) return;
    if (size < static_cast<ssize_t>(kHeader)) continue;
    ++index;
    for (Receiver& receiver : receivers) {
      std::memcpy(out, in, static_cast<std::size_t>(size));
      iovec vector{out, receiver.protector.protect(out, static_cast<std::size_t>(size), index)};
      msghdr message{};
      message.msg_name = &receiver.address;
      message.msg_namelen = sizeof receiver.address;
      message.msg_iov = &vector;
      message.msg_iovlen = 1;
      sendmsg(fd, &message, 0);
    }
  }
}

}  // namespace

int main() {
  std::istringstream line(read_line(3));
  std::string suite;
  line >> suite;
  std::vector<Receiver> receivers;
  for (unsigned port = 0; line >> port;) {
    receivers.push_back({Protector(suite == "AEAD_AES_128_GCM", static_cast<std::uint8_t>(receivers.size())),
                         loopback(static_cast<std::uint16_t>(port))});
  }
  const int fd = open_socket();
  sockaddr_in local{};
  socklen_t size = sizeof local;
  getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size);
  dprintf(3, "%u\n", ntohs(local.sin_port));
  forward(fd, receivers);
  return 0;
}
