// Results in words: the summary at the end, for a stranger, and the line that tells how it goes.
#pragma once

#include <string>

#include "load/results.h"

namespace sluice::load {

std::string summary_of(const Results& results);
std::string progress_line(const Results& so_far, const Sample& sample);

/// 12500 → "12.5 k", and so on: for rates and sizes.
std::string with_prefix(double value);

}  // namespace sluice::load
