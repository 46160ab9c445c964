#include "load/meter.h"

#include <utility>

namespace sluice::load {

Meter::Viewer& Meter::viewer(const std::string& name) {
  viewers_.push_back(std::make_unique<Viewer>(*this, name));
  return *viewers_.back();
}

void Meter::Viewer::on_media(const client::MediaReceiver& track,
                             const client::MediaReceiver::Received& received, Instant arrival) {
  // A repair is late by the loss, not by the way.
  if (received.facts.marker && !received.facts.repair)
    meter_.interval_.add(arrival - received.facts.marker->sent_at);
  if (meter_.folder_.empty()) return;
  auto& recorder = recorders_[&track];
  if (!recorder) {
    recorder =
        make_recorder(track.kind(), meter_.folder_ + "/" + name_ + "-" + std::to_string(recorders_.size()));
  }
  recorder->add(received);
}

Histogram Meter::take_interval() {
  total_.merge(interval_);
  return std::exchange(interval_, {});
}

void Meter::finish() {
  for (auto& viewer : viewers_) {
    for (auto& [track, recorder] : viewer->recorders_) recorder->finish();
    viewer->recorders_.clear();
  }
}

}  // namespace sluice::load
