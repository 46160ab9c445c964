// The state of all participants at the end of a run, as figures and a verdict. Used by Run.
#pragma once

#include "load/media_plan.h"
#include "load/options.h"
#include "load/results.h"

namespace sluice::load {

/// Fills in joining, watching and violations. `end`: when publishers stopped.
void evaluate(const Options& options, const MediaPlan& plan, const std::vector<Participant>& participants,
              Instant end, Results& results);
/// Fills in problems and warnings, from all the figures.
void judge(const Options& options, Results& results);

/// How many tracks this participant waits for.
std::size_t tracks_expected(const Options& options, const MediaPlan& plan, const Participant& participant);
/// It has seen a frame of each.
bool sees_everything(const Participant& participant, std::size_t expected);

}  // namespace sluice::load
