// What a judge found wrong: how often, and the first few in words with their numbers. A value.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::client {

class Violations {
 public:
  void add(std::string what) {
    ++count_;
    if (told_.size() < kTold) told_.push_back(std::move(what));
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  /// One a line.
  [[nodiscard]] std::string text() const {
    std::string out;
    for (const std::string& one : told_) out += one + "\n";
    if (count_ > told_.size()) out += "... and " + std::to_string(count_ - told_.size()) + " more\n";
    return out;
  }

 private:
  static constexpr std::size_t kTold = 8;
  std::uint64_t count_ = 0;
  std::vector<std::string> told_;
};

}  // namespace sluice::client
