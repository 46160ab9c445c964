// How a transport is found: by the user name of its checks, by the paths that they have validated, or by a
// socket of its own.
//
// A path stands in by_path for exactly as long as ICE knows it. For UDP that is all there is to it; a path by
// TCP is a connection, which somebody holds open: what leaves by_path by our doing is told in closed_paths.
#include <utility>
#include <vector>

#include "base/check.h"
#include "engine/state.h"

namespace sluice::engine {

void State::learn_path(Transport& transport, const Path& path, Instant now) {
  if (!transport.webrtc()->ice().is_known(path)) return;
  Transport*& owner = by_path[path];
  if (owner == &transport) return;
  Transport* previous = std::exchange(owner, &transport);
  if (previous != nullptr) {
    std::erase(previous->paths, path);
    // An address may be shared by mistake and goes its way; whose a connection is must be told when it ends.
    if (is_connection(path)) {
      previous->webrtc()->remove_path(path, now);
      after(*previous, now);
    }
  }
  // The agent keeps few paths and forgets old ones; so do we.
  forget_stale_paths(transport);
  transport.paths.push_back(path);
}

void State::forget_stale_paths(Transport& transport) {
  std::erase_if(transport.paths, [&](const Path& path) {
    if (transport.webrtc()->ice().is_known(path)) return false;
    release(path);
    return true;
  });
}

void State::release(const Path& path) {
  by_path.erase(path);
  if (is_connection(path)) closed_paths.push_back(path);
}

bool State::is_connection(const Path& path) const {
  const ListenSocket* socket = find_socket(*this, path.socket);
  return socket != nullptr && socket->protocol == IceProtocol::kTcp;
}

void State::path_closed(const Path& path, Instant now) {
  const auto it = by_path.find(path);
  if (it == by_path.end()) return;
  Transport& transport = *it->second;
  by_path.erase(it);
  std::erase(transport.paths, path);
  transport.webrtc()->remove_path(path, now);
  after(transport, now);
}

void State::forget(Transport& transport) {
  for (const Path& path : transport.paths) release(path);
  for (const std::string& ufrag : transport.ufrags) by_ufrag.erase(ufrag);
  for (const SocketId socket : transport.sockets) {
    by_socket[socket] = nullptr;
    release_socket(socket);
  }
  transport.paths.clear();
  transport.ufrags.clear();
  transport.sockets.clear();
}

void State::add_socket(Transport& transport, SocketId id) {
  if (id >= by_socket.size()) by_socket.resize(id + 1U);
  SLUICE_CHECK(by_socket[id] == nullptr);
  by_socket[id] = &transport;
  transport.sockets.push_back(id);
}

void State::add_ufrag(Transport& transport, const std::string& ufrag) {
  // After a restart the previous credentials stay valid for a while; those before them do not.
  if (transport.ufrags.size() >= 2) {
    by_ufrag.erase(transport.ufrags.front());
    transport.ufrags.erase(transport.ufrags.begin());
  }
  transport.ufrags.push_back(ufrag);
  by_ufrag[ufrag] = &transport;
}

}  // namespace sluice::engine
