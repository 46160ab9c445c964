// People join, talk and leave: what everyone must get of everyone else, on good and on bad networks.
#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

TEST_CASE("two people see and hear each other") {
  World world({.seed = 1});
  Participant& alice = world.join();
  Participant& bob = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(3s);
  expect_flowing(world, alice, bob);
  expect_flowing(world, bob, alice);
  CHECK(bob.peer->connection().drops().total() == 0);
  CHECK(alice.peer->connection().drops().total() == 0);
  world.finish();
}

}  // namespace
}  // namespace sluice::net
