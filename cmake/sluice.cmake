# Shared build rules: warnings, sanitizers, one library a folder, one test program a folder.

find_package(OpenSSL 3 REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(PkgConfig REQUIRED)

add_library(sluice_options INTERFACE)
target_include_directories(sluice_options INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
target_compile_options(sluice_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Werror=return-type $<$<BOOL:${SLUICE_WERROR}>:-Werror>)
# g++ 12 sees overlapping copies in std::string concatenation that are not there (GCC bug 105651), and, once everything is inlined at -O3,
# strings of temporaries that nobody has set. Other builds ask for the latter still, and the sanitizers for the real thing.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(sluice_options INTERFACE -Wno-restrict $<$<CONFIG:Release>:-Wno-maybe-uninitialized>)
endif()
option(SLUICE_WERROR "Treat warnings as errors" OFF)
if(SLUICE_SANITIZE)
  target_compile_options(sluice_options INTERFACE -fsanitize=${SLUICE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(sluice_options INTERFACE -fsanitize=${SLUICE_SANITIZE})
endif()
if(SLUICE_FUZZ)
  # For the libraries and the fuzzers (below): nobody asks what a test program itself has covered.
  target_compile_options(sluice_options INTERFACE $<$<NOT:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>>:-fsanitize=fuzzer-no-link>)
endif()

# Headers are most of what a small file costs its compiler, and with sanitizers the templates that each file instantiates anew. Where
# nobody waits for one changed file, a target's files are compiled in groups (docs/development.md). Layers are held as ever: a
# group never holds files of two targets.
set(SLUICE_UNITY OFF CACHE STRING "Compile a target's files in groups: far less work for a whole build, more for one changed file; ON, OFF, or TESTS: of test/ and load/ only")
set(SLUICE_UNITY_LINES 1500 CACHE STRING "How many lines a group of SLUICE_UNITY has at most: what bounds a compiler's memory")
if(SLUICE_UNITY)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  # g++ takes a file that another includes for a header, in which types that are the file's own should not be. dev still warns.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(sluice_options INTERFACE -Wno-subobject-linkage)
  endif()
endif()

# sluice_unity(<target> <files>): which of the target's files (absolute paths) are compiled together. Asked again when one changes.
function(sluice_unity target)
  list(LENGTH ARGN count)
  if(NOT SLUICE_UNITY OR count LESS 2)
    return()
  endif()
  if(SLUICE_UNITY STREQUAL "TESTS" AND NOT CMAKE_CURRENT_SOURCE_DIR MATCHES "^${CMAKE_SOURCE_DIR}/(test|load)")
    return()
  endif()
  set(script ${CMAKE_SOURCE_DIR}/cmake/unity_groups.py)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${script} ${ARGN})
  execute_process(COMMAND ${Python3_EXECUTABLE} ${script} ${SLUICE_UNITY_LINES} ${ARGN} OUTPUT_VARIABLE groups COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" groups "${groups}")
  foreach(row ${groups})
    string(REGEX MATCH "^([0-9]+) (.+)$" row "${row}")
    set_source_files_properties(${CMAKE_MATCH_2} PROPERTIES UNITY_GROUP ${CMAKE_MATCH_1})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

# sluice_library(<folder> [DEPENDS <folders>] [LINK <libraries>]): the static library sluice_<folder> of all src/<folder>/*.cc.
function(sluice_library folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cc)
  if(NOT sources)
    add_library(sluice_${folder} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(sluice_${folder} STATIC ${sources})
    sluice_unity(sluice_${folder} ${sources})
    set(scope PUBLIC)
  endif()
  target_link_libraries(sluice_${folder} ${scope} sluice_options ${ARG_LINK})
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(sluice_${folder} ${scope} sluice_${dependency})
  endforeach()
  if(NOT folder STREQUAL "base")
    target_link_libraries(sluice_${folder} ${scope} sluice_base)
  endif()
endfunction()

# sluice_test(<folder> [DEPENDS <folders>]): the program test_<folder> of all test/<folder>/*_test.cc, each case known to ctest.
function(sluice_test folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/test/${folder}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(test_${folder} ${sources})
  sluice_unity(test_${folder} ${sources})
  target_include_directories(test_${folder} PRIVATE ${CMAKE_SOURCE_DIR}/test)
  target_compile_definitions(test_${folder} PRIVATE SLUICE_TEST_DATA="${CMAKE_SOURCE_DIR}/test")
  # What is tested is optimised, in a release as users have it (but for functions of headers that are not inlined, of which the linker may
  # take the test's copy); the tests themselves would only take longer to build, with sanitizers three times as long.
  target_compile_options(test_${folder} PRIVATE -O0)
  target_link_libraries(test_${folder} PRIVATE sluice_test_main ${ARG_LINK})
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(test_${folder} PRIVATE sluice_${dependency})
  endforeach()
  catch_discover_tests(test_${folder} TEST_PREFIX "${folder}: " PROPERTIES TIMEOUT 300)
endfunction()

# sluice_fuzzer(<name> DEPENDS <folders>): test/fuzz/<name>_fuzz.cc as a libFuzzer program.
# The target `fuzzers` builds them all, and of the libraries only those that they need.
function(sluice_fuzzer name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_executable(fuzz_${name} ${CMAKE_SOURCE_DIR}/test/fuzz/${name}_fuzz.cc)
  target_include_directories(fuzz_${name} PRIVATE ${CMAKE_SOURCE_DIR}/test)
  target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer-no-link)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(fuzz_${name} PRIVATE sluice_${dependency})
  endforeach()
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_dependencies(fuzzers fuzz_${name})
endfunction()

# sluice_bench(<name> [DEPENDS <folders>] [LINK <libraries>]): test/bench/<name>_bench.cc as the program bench_<name>; the target
# `benches` builds them all.
function(sluice_bench name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_executable(bench_${name} ${CMAKE_SOURCE_DIR}/test/bench/${name}_bench.cc)
  target_include_directories(bench_${name} PRIVATE ${CMAKE_SOURCE_DIR}/test)
  target_link_libraries(bench_${name} PRIVATE ${ARG_LINK})
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(bench_${name} PRIVATE sluice_${dependency})
  endforeach()
  if(NOT TARGET benches)
    add_custom_target(benches)
  endif()
  add_dependencies(benches bench_${name})
endfunction()
