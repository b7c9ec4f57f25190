# belay_module(NAME FLOOR n [LIBS ...] [PCH header ...])
#
# One folder, one static library `belay_<name>`, all of its *.cpp. FLOOR is the floor of docs/architecture.md; linking
# upwards or sideways (leaves of one floor never see each other, except on floor 1) fails at configure time.
function(belay_module name)
  cmake_parse_arguments(M "" "FLOOR" "LIBS;PCH" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(belay_${name} STATIC ${sources})
  target_include_directories(belay_${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
  set_property(TARGET belay_${name} PROPERTY BELAY_FLOOR ${M_FLOOR})
  foreach(lib IN LISTS M_LIBS)
    if(lib MATCHES "^belay_")
      get_target_property(below ${lib} BELAY_FLOOR)
      if(below GREATER M_FLOOR OR (below EQUAL M_FLOOR AND M_FLOOR GREATER 2))
        message(FATAL_ERROR "belay_${name} (floor ${M_FLOOR}) may not use ${lib} (floor ${below})")
      endif()
    endif()
  endforeach()
  target_link_libraries(belay_${name} PUBLIC ${M_LIBS})
  if(BELAY_PCH AND M_PCH)
    target_precompile_headers(belay_${name} PRIVATE ${M_PCH})
  endif()
endfunction()

# belay_test(NAME SOURCES ... LIBS ... [LABELS ...] [TIMEOUT s] [RUNNER program]): one GoogleTest binary, one test of
# ctest. RUNNER is what starts it.
function(belay_test name)
  cmake_parse_arguments(T "" "TIMEOUT;RUNNER" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE ${T_LIBS} belay_test_main)
  target_compile_definitions(${name} PRIVATE BELAY_SOURCE_DIR="${CMAKE_SOURCE_DIR}" BELAY_BUILD_DIR="${CMAKE_BINARY_DIR}")
  # GoogleTest's and rapidcheck's own macros trip these two.
  target_compile_options(${name} PRIVATE -Wno-old-style-cast -Wno-conversion)
  if(BELAY_PCH)
    # The shared header is compiled for a library, so its users must be too: clang refuses to mix -fPIC with -fPIE.
    target_compile_options(${name} PRIVATE -fPIC)
    target_precompile_headers(${name} REUSE_FROM belay_test_main)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND ${T_RUNNER} $<TARGET_FILE:${name}>)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${T_LABELS}")
endfunction()
