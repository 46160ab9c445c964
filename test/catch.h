// Catch2 by one name: version 2 (Debian 12, Ubuntu 22.04) has one header, version 3 (newer distributions) has
// another.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
