// Files that peers publish: VP8 in IVF and Opus in Ogg (RFC 7845), as ffmpeg writes them.
#pragma once

#include <string>

#include "client/clip.h"
#include "sluice/result.h"

namespace sluice::load {

/// The error names `--capture`'s file and what is wrong with it.
Result<client::VideoClip> read_ivf(const std::string& path);
Result<client::AudioClip> read_ogg_opus(const std::string& path);

}  // namespace sluice::load
