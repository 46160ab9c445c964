// The one translation unit that holds Catch2 2's main(); with Catch2 3 the library brings its own.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
