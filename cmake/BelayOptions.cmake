# Compiler settings that hold for every target, and the switches of the presets.
option(BELAY_TESTS "Build the tests" ON)
option(BELAY_FUZZ "Build the libFuzzer targets" OFF)
option(BELAY_TIDY "Run clang-tidy in the compiler's place; builds nothing that could be linked" OFF)
option(BELAY_PCH "Use precompiled headers (off for clang-tidy)" ON)
set(BELAY_SANITIZE "" CACHE STRING "Comma-separated -fsanitize= value")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE ccache)
if(BELAY_TIDY)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_SOURCE_DIR}/tools/tidy-launcher.sh)
elseif(CCACHE)
  # ccache can only see through a precompiled header when told that its time stamps do not matter.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wconversion
                    -Wno-sign-conversion -fstack-protector-strong -fno-omit-frame-pointer)
# An unused result of a [[nodiscard]] call is an error here: outcomes are never dropped by accident.
add_compile_options(-Werror=unused-result)
add_link_options(-fuse-ld=lld -Wl,-z,relro,-z,now)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # A precompiled header must not carry the time of its inputs, or ccache never hits.
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
if(BELAY_SANITIZE)
  add_compile_options(-fsanitize=${BELAY_SANITIZE} -fno-sanitize-recover=all -O1 -gline-tables-only)
  add_link_options(-fsanitize=${BELAY_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-gline-tables-only)
else()
  add_compile_options(-D_FORTIFY_SOURCE=2)
endif()
