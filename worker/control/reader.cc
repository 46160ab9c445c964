#include "worker/control/reader.h"

namespace sluice::control {

void Reader::fail(const char* field, std::string message) {
  if (error_) return;
  std::string path;
  for (const Step& step : path_) {
    path += step.field;
    if (step.index != kNoIndex) path += '[' + std::to_string(step.index) + ']';
    path += '.';
  }
  error_ = invalid_argument(path + field, std::move(message));
}

std::string Reader::text(const char* field, const flatbuffers::String* value, std::size_t limit) {
  if (!ok() || value == nullptr) return {};
  if (value->size() > limit) {
    fail(field, std::to_string(value->size()) + " bytes; at most " + std::to_string(limit) + " are allowed");
    return {};
  }
  if (!is_utf8(value->Data(), value->size())) {
    fail(field, "not valid UTF-8");
    return {};
  }
  return value->str();
}

std::string Reader::required_id(const char* field, const flatbuffers::String* value) {
  if (value == nullptr || value->size() == 0) {
    fail(field, "missing: expected the id of an object");
    return {};
  }
  return id(field, value);
}

std::vector<std::uint8_t> Reader::bytes(const char* /*field*/,
                                        const flatbuffers::Vector<std::uint8_t>* value) {
  if (!ok() || value == nullptr) return {};
  return {value->begin(), value->end()};
}

std::vector<std::uint16_t> Reader::numbers(const char* field,
                                           const flatbuffers::Vector<std::uint16_t>* value) {
  if (value == nullptr || !fits(field, value->size())) return {};
  return {value->begin(), value->end()};
}

bool Reader::fits(const char* field, std::size_t size) {
  if (size <= kMaxList) return ok();
  fail(field, std::to_string(size) + " elements; at most " + std::to_string(kMaxList) + " are allowed");
  return false;
}

void Reader::unknown_choice(const char* field, unsigned number, unsigned last) {
  fail(field, "unknown value " + std::to_string(number) + ": expected 0 to " + std::to_string(last));
}

bool is_utf8(const std::uint8_t* bytes, std::size_t size) {
  std::size_t i = 0;
  while (i < size) {
    const std::uint8_t lead = bytes[i++];
    if (lead < 0x80) continue;
    int more = 0;
    std::uint32_t lowest = 0;
    std::uint32_t code = 0;
    if ((lead & 0xE0) == 0xC0) {
      more = 1, lowest = 0x80, code = lead & 0x1FU;
    } else if ((lead & 0xF0) == 0xE0) {
      more = 2, lowest = 0x800, code = lead & 0x0FU;
    } else if ((lead & 0xF8) == 0xF0) {
      more = 3, lowest = 0x10000, code = lead & 0x07U;
    } else {
      return false;
    }
    for (; more > 0; --more) {
      if (i == size || (bytes[i] & 0xC0) != 0x80) return false;
      code = code << 6 | (bytes[i++] & 0x3FU);
    }
    if (code < lowest || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
  }
  return true;
}

}  // namespace sluice::control
