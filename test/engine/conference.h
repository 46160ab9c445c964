// A room with two people and a transport each, driven by commands alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "client/ortc.h"
#include "sluice/engine.h"

namespace sluice {

class Conference {
 public:
  explicit Conference(const std::vector<ListenSocket>& more_sockets = {}) {
    EngineOptions options;
    options.sockets = {{0, *SocketAddress::parse("192.0.2.1", 40000), "203.0.113.9"},
                       {1, *SocketAddress::parse("2001:db8::1", 40000), ""}};
    options.sockets.insert(options.sockets.end(), more_sockets.begin(), more_sockets.end());
    auto made = Engine::create(std::move(options));
    REQUIRE(made.ok());
    engine = std::move(*made);
    capabilities = ask<RoomReply>(CreateRoom{"room", client::room_codecs()}).rtp_capabilities;
    (void)ask<PeerReply>(CreatePeer{"room", "ada", "Ada", Subscription::kManual});
    (void)ask<PeerReply>(CreatePeer{"room", "bob", "Bob", Subscription::kManual});
    (void)ask<WebRtcTransportReply>(CreateWebRtcTransport{"room", "ada", "t1"});
    (void)ask<WebRtcTransportReply>(CreateWebRtcTransport{"room", "bob", "t2"});
  }

  template <typename T>
  T ask(const Command& command) {
    auto reply = engine->execute(command, now);
    INFO((reply ? std::string("ok") : reply.error().field + ": " + reply.error().message));
    REQUIRE(reply.ok());
    REQUIRE(std::holds_alternative<T>(*reply));
    return std::get<T>(*reply);
  }
  Error refuse(const Command& command) {
    auto reply = engine->execute(command, now);
    REQUIRE_FALSE(reply.ok());
    return reply.error();
  }
  template <typename T>
  std::vector<T> events() {
    std::vector<T> out;
    for (auto& event : engine->take_events()) {
      if (auto* one = std::get_if<T>(&event)) out.push_back(*one);
    }
    return out;
  }
  std::string dump() { return ask<DumpReply>(Dump{ObjectKind::kWorker, ""}).json; }

  RtpParameters audio(std::uint32_t ssrc) {
    RtpParameters out = client::send_parameters(MediaKind::kAudio, std::to_string(ssrc), "cname", random);
    out.encodings[0].ssrc = ssrc;
    return out;
  }
  void produce(const std::string& transport, const std::string& id, std::uint32_t ssrc) {
    (void)ask<ProducerReply>(Produce{transport, id, MediaKind::kAudio, audio(ssrc), false, 0});
  }
  Consume consume(const std::string& transport, const std::string& producer, const std::string& id = "") {
    Consume out;
    out.transport_id = transport;
    out.producer_id = producer;
    out.consumer_id = id;
    out.rtp_capabilities = capabilities;
    return out;
  }
  DtlsParameters dtls() const {
    std::string value = "00";
    for (int i = 0; i < 31; ++i) value += ":00";
    return {DtlsRole::kClient, {{"sha-256", value}}};
  }

  Instant now{1s};
  Random random{1};
  std::unique_ptr<Engine> engine;
  RtpCapabilities capabilities;
};

}  // namespace sluice
