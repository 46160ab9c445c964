// Results for machines and for the eye: JSON (docs/load.md has its fields), and a page with plots that needs
// no network.
#pragma once

#include <string>

#include "load/results.h"

namespace sluice::load {

std::string json_of(const Results& results);
/// The same JSON in a page that draws it.
std::string page_of(const Results& results);

}  // namespace sluice::load
