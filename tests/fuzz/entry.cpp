// What libFuzzer calls: hands its bytes to the one function that this binary is for.
#include <cstddef>
#include <cstdint>
#include <string_view>

void BELAY_FUZZ_TARGET(std::string_view bytes);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  BELAY_FUZZ_TARGET(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
