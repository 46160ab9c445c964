// Any bytes as RTCP: every parser, and what was read is the same after being written and read again.
#include <array>
#include <cstdlib>
#include <set>
#include <vector>

#include "rtcp/bye.h"
#include "rtcp/extended_report.h"
#include "rtcp/fir.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "rtcp/remb.h"
#include "rtcp/sdes.h"
#include "rtcp/sender_report.h"
#include "rtcp/transport_feedback.h"

namespace {

using namespace sluice;
using namespace sluice::rtcp;

void require(bool condition) {
  if (!condition) std::abort();
}

template <typename Message>
void check(const Packet& packet) {
  const auto message = Message::parse(packet);
  if (!message) return;
  std::array<std::uint8_t, 16384> out;
  ByteWriter writer(out);
  message->serialize_to(writer);
  require(writer.ok() && writer.size() % 4 == 0);
  CompoundReader reader(writer.written());
  const auto again = reader.next();
  require(again.has_value());
  require(Message::parse(*again) == message);
}

void check_nack(const Packet& packet) {
  const auto nack = Nack::parse(packet);
  if (!nack) return;
  std::vector<SequenceNumber> numbers;
  nack->for_each([&](SequenceNumber n) { numbers.push_back(n); });
  std::vector<std::uint8_t> out(16 + 4 * numbers.size());
  ByteWriter writer(out);
  require(Nack::serialize_to(writer, nack->sender(), nack->media(), numbers) == numbers.size());
  CompoundReader reader(writer.written());
  // The network need not ask in ascending order, as our side does: order and repeats are not kept then,
  // numbers are.
  std::set<std::uint16_t> asked;
  for (const SequenceNumber n : numbers) asked.insert(n.value);
  std::set<std::uint16_t> again;
  Nack::parse(*reader.next())->for_each([&](SequenceNumber n) { again.insert(n.value); });
  require(again == asked);
}

void check_feedback(const Packet& packet) {
  const auto feedback = TransportFeedback::parse(packet);
  if (!feedback) return;
  std::vector<Instant> arrivals;
  feedback->for_each([&](SequenceNumber, std::optional<Duration> at) {
    arrivals.push_back(at ? Instant(*at + 1000h) : kNever);
  });
  require(arrivals.size() == feedback->status_count());
  for (std::span<const Instant> rest(arrivals); !rest.empty();) {
    std::array<std::uint8_t, 1200> out;
    ByteWriter writer(out);
    const std::size_t n = TransportFeedback::serialize_to(writer, {}, {}, rest);
    require(n > 0 && writer.ok());
    CompoundReader reader(writer.written());
    const auto again = TransportFeedback::parse(*reader.next());
    require(again && again->status_count() == n);
    std::size_t i = 0;
    again->for_each([&](SequenceNumber, std::optional<Duration> at) {
      require(at.has_value() == (rest[i++] != kNever));
    });
    rest = rest.subspan(n);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  CompoundReader reader(Bytes(data, size));
  while (const auto packet = reader.next()) {
    check<SenderReport>(*packet);
    check<ReceiverReport>(*packet);
    check<Sdes>(*packet);
    check<Bye>(*packet);
    check<Pli>(*packet);
    check<Fir>(*packet);
    check<Remb>(*packet);
    check<ExtendedReport>(*packet);
    check_nack(*packet);
    check_feedback(*packet);
  }
  return 0;
}
