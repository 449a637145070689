# What a folder of halotwin is in CMake: halotwin_add_library(physics SOURCES ... PUBLIC ... PRIVATE ...) makes the
# target halotwin_physics with the alias halotwin::physics, installed and exported;
# halotwin_add_tests(physics SOURCES ... LABELS ...) makes its test program. The target halotwin_header_check compiles every
# header by itself; after installation find_package(halotwin) gives the libraries as halotwin::<folder>.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
include(GoogleTest)

add_library(halotwin_flags INTERFACE)
target_compile_features(halotwin_flags INTERFACE cxx_std_20)
# Same bits everywhere: no contraction into fused multiply-add unless the source asks for it.
# -Wno-restrict: g++ 12 warns of its own std::string (GCC bug 105329).
target_compile_options(halotwin_flags INTERFACE $<BUILD_INTERFACE:-ffp-contract=off;-Wall;-Wextra;-Wconversion;-Wshadow;-Wnon-virtual-dtor;-Woverloaded-virtual;-Wno-sign-conversion;$<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>>)
if(HALOTWIN_WARNINGS_AS_ERRORS)
  target_compile_options(halotwin_flags INTERFACE $<BUILD_INTERFACE:-Werror>)
endif()
if(HALOTWIN_SANITIZE)
  target_compile_options(halotwin_flags INTERFACE $<BUILD_INTERFACE:-fsanitize=${HALOTWIN_SANITIZE};-fno-omit-frame-pointer>)
  target_link_options(halotwin_flags INTERFACE $<BUILD_INTERFACE:-fsanitize=${HALOTWIN_SANITIZE}>)
endif()
set_target_properties(halotwin_flags PROPERTIES EXPORT_NAME flags)
install(TARGETS halotwin_flags EXPORT halotwinTargets)

set(HALOTWIN_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/halotwin)
install(EXPORT halotwinTargets NAMESPACE halotwin:: DESTINATION ${HALOTWIN_CMAKE_DIR})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/halotwinConfig.cmake.in ${PROJECT_BINARY_DIR}/halotwinConfig.cmake
  INSTALL_DESTINATION ${HALOTWIN_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/halotwinConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/halotwinConfig.cmake ${PROJECT_BINARY_DIR}/halotwinConfigVersion.cmake
        ${CMAKE_CURRENT_LIST_DIR}/FindAravis.cmake ${CMAKE_CURRENT_LIST_DIR}/FindTango.cmake
        DESTINATION ${HALOTWIN_CMAKE_DIR})

# What takes time in tests stands in the libraries.
set(HALOTWIN_TEST_OPTIONS -O1)

# Headers of others that most sources include, compiled once: a third of the time for the tests. Where ccache is at hand it does
# better, and sees to it that every source includes what it uses.
function(halotwin_precompile target)
  add_library(${target} OBJECT ${PROJECT_BINARY_DIR}/${target}.cpp)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${target}.cpp CONTENT "// precompiles headers\n")
  target_link_libraries(${target} PRIVATE halotwin_flags ${ARGN})
  target_precompile_headers(${target} PRIVATE <algorithm> <array> <chrono> <cmath> <complex> <filesystem> <functional> <memory> <optional>
    <span> <string> <vector> <fmt/format.h>)
endfunction()
if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The same macros for all, or g++ refuses the precompiled headers. With them g++ 12 warns of its own std::string here too.
  target_compile_options(halotwin_flags INTERFACE $<BUILD_INTERFACE:-pthread;-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>)
  target_compile_definitions(halotwin_flags INTERFACE
    $<BUILD_INTERFACE:$<TARGET_PROPERTY:fmt::fmt,INTERFACE_COMPILE_DEFINITIONS>>)
  halotwin_precompile(halotwin_precompiled fmt::fmt)
  set_target_properties(halotwin_precompiled PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(HALOTWIN_TESTS)
    halotwin_precompile(halotwin_tests_precompiled fmt::fmt GTest::gtest rapidcheck_gtest rapidcheck)
    target_precompile_headers(halotwin_tests_precompiled PRIVATE <gtest/gtest.h> <rapidcheck/gtest.h>)
    target_compile_options(halotwin_tests_precompiled PRIVATE ${HALOTWIN_TEST_OPTIONS})
  endif()
endif()

add_custom_target(halotwin_header_check COMMENT "every header compiles alone")

# One generated source per header of a folder, which includes it twice and nothing else.
function(halotwin_check_headers target folder headers)
  set(sources)
  foreach(header IN LISTS headers)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/header_check/${header}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${folder}/${header}\"\n#include \"${folder}/${header}\"\n")
    list(APPEND sources ${source})
  endforeach()
  if(sources)
    add_library(${target}_headers OBJECT EXCLUDE_FROM_ALL ${sources})
    target_link_libraries(${target}_headers PRIVATE ${target})
    add_dependencies(halotwin_header_check ${target}_headers)
  endif()
endfunction()

function(halotwin_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  string(REPLACE "/" "_" target "halotwin_${name}")
  string(REPLACE "/" "_" short "${name}")
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(halotwin::${short} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${short} POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/halotwin>)
  target_link_libraries(${target} PUBLIC halotwin_flags ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  if(TARGET halotwin_precompiled)
    target_precompile_headers(${target} REUSE_FROM halotwin_precompiled)
  endif()
  install(TARGETS ${target} EXPORT halotwinTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  # Headers are not named in CMakeLists.txt; a new one is noticed at the next build.
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *.hpp)
  foreach(header IN LISTS headers)
    cmake_path(GET header PARENT_PATH parent)
    if(parent AND EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${parent}/CMakeLists.txt)
      list(REMOVE_ITEM headers ${header})  # belongs to a library of its own
    else()
      install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/halotwin/${name}/${parent})
    endif()
  endforeach()
  halotwin_check_headers(${target} ${name} "${headers}")
endfunction()

function(halotwin_add_tests name)
  cmake_parse_arguments(ARG "" "SERIAL" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT HALOTWIN_TESTS)
    return()
  endif()
  string(REPLACE "/" "_" target "test_${name}")
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE halotwin_flags ${ARG_LINK} GTest::gtest_main rapidcheck_gtest rapidcheck)
  if(TARGET halotwin_tests_precompiled)
    target_precompile_headers(${target} REUSE_FROM halotwin_tests_precompiled)
  endif()
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${target} PRIVATE HALOTWIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_compile_options(${target} PRIVATE ${HALOTWIN_TEST_OPTIONS})
  set(properties LABELS "${ARG_LABELS}" ENVIRONMENT "RC_PARAMS=seed=1")
  if(NOT ARG_SERIAL)
    gtest_discover_tests(${target} DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
    return()
  endif()
  # SERIAL: a filter of tests that live in real time and want the computer for themselves
  gtest_discover_tests(${target} DISCOVERY_TIMEOUT 60 TEST_FILTER "-${ARG_SERIAL}" PROPERTIES ${properties})
  gtest_discover_tests(${target} DISCOVERY_TIMEOUT 60 TEST_FILTER "${ARG_SERIAL}" TEST_LIST ${target}_serial
    PROPERTIES ${properties} RUN_SERIAL ON)
endfunction()

function(halotwin_add_benchmark name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  if(NOT HALOTWIN_BENCHMARKS)
    return()
  endif()
  add_executable(bench_${name} ${ARG_SOURCES})
  target_link_libraries(bench_${name} PRIVATE halotwin_flags ${ARG_LINK} benchmark::benchmark_main)
endfunction()
