// `belay`: the command. Everything it does is in the library beside it, so that tests run what people run.
#include <exception>
#include <iostream>

#include "cli/command.hpp"

int main(int argc, char** argv) {
  try {
    belay::cli::catch_interrupts();
    belay::cli::Io io = belay::cli::real_io();
    return belay::cli::run(std::vector<std::string>(argv + 1, argv + argc), io);
  } catch (const std::exception& defect) {
    std::cerr << "belay: a defect in belay: " << defect.what() << ". Please report it.\n";
    return 1;
  }
}
