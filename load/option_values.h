// The values of sluice-load's options, read from text. Each function gives what is wrong with it, in the
// words of an error line ("'x': expected ..."), or nothing; `out` is set only when nothing is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "load/options.h"

namespace sluice::load {

/// `unit`: as said behind the numbers, such as " ms".
std::string parse_in(const std::string& text, double min, double max, const char* unit, double& out);
std::string parse_count(const std::string& text, int min, int max, int& out);
/// 1500000, 1500k or 1.5M.
std::string parse_bitrate(std::string text, std::uint32_t& out);
/// 1280x720, or 1280x720:simulcast.
std::string parse_video(const std::string& text, VideoFormat& out);
/// http://HOST[:PORT]
std::string parse_server(const std::string& text, ServerAddress& out);
/// WORKER,TOOL: two of this machine's cores.
std::string parse_pin(const std::string& text, Pinning& out);
/// Words between spaces. In quotes as a shell has it would be more than anybody needs.
std::vector<std::string> words_of(const std::string& text);
/// Why no file can be written there.
std::string unwritable(const std::string& path);

}  // namespace sluice::load
