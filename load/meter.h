// Counts what viewers receive while it happens: one-way latency now and over all, and recordings. One for all
// viewers.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "client/peer.h"
#include "load/histogram.h"
#include "load/recorder.h"

namespace sluice::load {

class Meter {
 public:
  /// What one viewer's peer tells; lives as long as this.
  class Viewer : public client::TrackObserver {
   public:
    Viewer(Meter& meter, std::string name) : meter_(meter), name_(std::move(name)) {}
    void on_media(const client::MediaReceiver& track, const client::MediaReceiver::Received& received,
                  Instant arrival) override;

   private:
    friend class Meter;
    Meter& meter_;
    std::string name_;
    std::unordered_map<const client::MediaReceiver*, std::unique_ptr<TrackRecorder>> recorders_;
  };

  /// `folder`: for recordings; empty: none are made.
  explicit Meter(std::string folder) : folder_(std::move(folder)) {}

  Viewer& viewer(const std::string& name);
  /// Ends all recordings.
  void finish();

  [[nodiscard]] const Histogram& total() const { return total_; }
  /// Since the last call.
  Histogram take_interval();

 private:
  std::string folder_;
  std::vector<std::unique_ptr<Viewer>> viewers_;
  Histogram interval_;
  Histogram total_;
};

}  // namespace sluice::load
