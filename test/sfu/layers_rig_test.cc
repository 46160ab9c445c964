// One encoding through a media session, held to the reference decoder: what needs no layer selection.
#include "sfu/layers_rig.h"

namespace sluice::sfu::testing {
namespace {

LayersOptions single_vp8(std::uint64_t seed) {
  LayersOptions out = vp8_simulcast(seed, 1);
  out.by_rid = false;
  return out;
}

TEST_CASE("one encoding with temporal layers comes whole to everyone, from a key frame on") {
  LayersOptions options = single_vp8(1);
  options.strict = true;
  LayersRig rig(options);
  rig.add_viewer();
  rig.run(1s);
  rig.add_viewer();
  rig.run(2s);
  rig.quiet();
  for (const auto& viewer : rig.viewers) CHECK(viewer->model.counts().pictures > 50);
  CHECK(rig.viewers[0]->model.longest_gap() < 100ms);
  rig.expect_clean();
}

TEST_CASE("one encoding over bad links: whatever is forwarded fits together") {
  for (const std::uint64_t seed : seeds(1, 40)) {
    LayersOptions options = single_vp8(seed);
    Random random(seed);
    const double loss = random.unit() * 0.3;
    options.up = {loss, 0.02, 10ms, Duration(random.below(60'000))};
    options.down = options.up;
    LayersRig rig(options);
    rig.add_viewer();
    rig.add_viewer();
    rig.run(5s);
    rig.quiet();
    INFO("seed " << seed << ", loss " << loss);
    if (loss < 0.15) CHECK(rig.viewers[0]->model.counts().pictures > 20);
    rig.expect_clean();
  }
}

}  // namespace
}  // namespace sluice::sfu::testing
