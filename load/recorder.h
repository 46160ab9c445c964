// Writes what a viewer received to files that players open: VP8 to IVF, Opus to Ogg (RFC 7845). Packets are
// put back in order; a frame with a hole is left out, and video goes on with the next key frame.
//
// For recordings only: it allocates for every packet.
#pragma once

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "client/peer.h"
#include "sluice/result.h"

namespace sluice::load {

/// One track, one file.
class TrackRecorder {
 public:
  virtual ~TrackRecorder() = default;
  void add(const client::MediaReceiver::Received& received);
  /// What can still be written.
  void finish();
  [[nodiscard]] std::uint64_t written() const { return written_; }

 protected:
  struct Piece {
    std::vector<std::uint8_t> payload;
    RtpTimestamp timestamp;
    bool key_frame = false;
    bool frame_start = false;
    bool frame_end = false;
  };
  explicit TrackRecorder(std::size_t patience) : patience_(patience) {}
  virtual void write(const Piece& piece) = 0;
  /// Packets before this one will not come.
  virtual void skip() = 0;
  virtual void end() = 0;
  /// Without its wrap.
  std::int64_t unwrap(RtpTimestamp timestamp);

  std::uint64_t written_ = 0;

 private:
  void write_in_order();

  std::size_t patience_;  ///< How many packets wait for one that is missing.
  std::map<std::int64_t, Piece> waiting_;
  SequenceUnwrapper unwrapper_;
  bool started_ = false;
  std::int64_t next_ = 0;
  bool timed_ = false;
  RtpTimestamp newest_;
  std::int64_t time_ = 0;
};

/// Makes the file when the track's first packet comes: `path` and the ending of its kind.
std::unique_ptr<TrackRecorder> make_recorder(MediaKind kind, const std::string& path);

}  // namespace sluice::load
