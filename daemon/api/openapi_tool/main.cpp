// Writes docs/openapi.yaml: `belay-openapi FILE VERSION`, run by the target `openapi`.
#include <fstream>

#include "daemon/api/openapi.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  std::ofstream out(argv[1], std::ios::binary);
  out << belay::api::openapi_yaml(argv[2]) << std::flush;
  return out ? 0 : 1;
}
