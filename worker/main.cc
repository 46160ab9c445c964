// sluice-worker: parses the command line, runs the shell, turns what went wrong into one line and an exit
// code.
#include <csignal>
#include <cstdio>
#include <string>

#include "worker/options.h"
#include "worker/shell.h"

namespace {

/// The engine names fields as the Node API does; whoever started the program typed options.
std::string as_option(const std::string& field) {
  std::string option = "--";
  for (const char c : field) {
    if (c >= 'A' && c <= 'Z') option += '-';
    option += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return option;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace sluice::worker;
  std::signal(SIGPIPE, SIG_IGN);  // a controller that is gone shows as the end of the stream
  const auto parsed = parse_options(argc, argv);
  if (const auto* exit = std::get_if<ExitNow>(&parsed)) {
    std::fputs(exit->text.c_str(), exit->code == 0 ? stdout : stderr);
    return exit->code;
  }
  auto shell = Shell::create(std::get<Options>(parsed));
  if (!shell.ok()) {
    const sluice::Error& error = shell.error();
    const std::string option = error.field.empty() ? "" : as_option(error.field) + ": ";
    std::fprintf(stderr, "sluice-worker: %s%s\n", option.c_str(), error.message.c_str());
    return 1;
  }
  return (*shell)->run();
}
