// Any bytes as a file: IVF, Ogg with Opus, an H.264 byte stream. What is read lies within the file, and an
// end is always come to.
#include "container/access_units.h"
#include "container/ivf.h"
#include "container/ogg.h"
#include "require.h"

using namespace sluice;
using namespace sluice::container;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes file(data, size);
  std::size_t total = 0;
  if (auto ivf = IvfReader::open(file)) {
    for (IvfReader::Frame frame; ivf->next(frame);) total += frame.data.size();
    require(total <= size);
  }
  total = 0;
  if (auto ogg = OggOpusReader::open(file)) {
    for (Bytes packet; ogg->next(packet);) total += packet.size();
    require(total <= size);
  }
  total = 0;
  AccessUnitReader units(file);
  for (Bytes unit; units.next(unit);) {
    require(!unit.empty());
    total += unit.size();
  }
  require(total <= size);
  return 0;
}
