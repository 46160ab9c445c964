#include "peer/tls_streams.h"

namespace sluice::peer {

void TlsStreams::begin(SocketId connection, const SocketAddress& local, std::int64_t unix_seconds) {
  dtls::TlsClient::Options options;
  options.host = hosts_[connection];
  options.unix_time = unix_seconds;
  streams_[connection] = {std::make_unique<dtls::TlsClient>(std::move(options)), local, false};
}

void TlsStreams::receive(SocketId connection, Bytes bytes, ice::FullAgent& agent, Instant now) {
  const auto it = streams_.find(connection);
  if (it == streams_.end()) return;
  Stream& stream = it->second;
  stream.tls->receive(bytes);
  using State = dtls::TlsClient::State;
  if (stream.tls->state() == State::kConnected && !std::exchange(stream.told, true))
    agent.connected(connection, stream.local, now);
  if (const auto incoming = stream.tls->take_incoming(); !incoming.empty())
    agent.receive_stream(connection, incoming, now);
  if (stream.tls->state() == State::kFailed || stream.tls->state() == State::kClosed) {
    const std::string why =
        stream.tls->state() == State::kFailed ? stream.tls->error() : "the server closed the TLS connection";
    end(connection);
    agent.disconnected(connection, why, now);
  }
}

void TlsStreams::send(SocketId connection, Bytes bytes) {
  if (const auto it = streams_.find(connection); it != streams_.end()) (void)it->second.tls->send(bytes);
}

void TlsStreams::end(SocketId connection) {
  streams_.erase(connection);
  hosts_.erase(connection);
}

void TlsStreams::drain(std::vector<ice::Transmit>& out) {
  for (auto& [connection, stream] : streams_)
    if (auto bytes = stream.tls->take_outgoing(); !bytes.empty())
      out.push_back({{{}, connection}, std::move(bytes)});
}

}  // namespace sluice::peer
