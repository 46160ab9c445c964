// Reads fields of a verified table into plain values and remembers the first one at fault with its path.
//
// The verifier has checked that every offset stays inside the frame; what it does not check is checked here:
// enumerators this worker does not know, text that is not UTF-8, absent parts, and sizes (shared offsets let
// a small frame name a large value). After the first fault every further read gives an empty value, so
// converters need no branches. Used by the converters only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <flatbuffers/flatbuffers.h>

#include "sluice/result.h"

namespace sluice::control {

class Reader {
 public:
  static constexpr std::size_t kMaxId = 256;
  static constexpr std::size_t kMaxText = 4096;
  static constexpr std::size_t kMaxSdp = 1U << 20;
  static constexpr std::size_t kMaxLabel = 65'535;  // RFC 8832 §5.1
  static constexpr std::size_t kMaxList = 256;

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  [[nodiscard]] const Error& error() const { return *error_; }
  void fail(const char* field, std::string message);

  /// Absent is empty.
  std::string text(const char* field, const flatbuffers::String* value, std::size_t limit = kMaxText);
  /// An id that the worker may choose: empty is allowed.
  std::string id(const char* field, const flatbuffers::String* value) { return text(field, value, kMaxId); }
  /// An id that must be there.
  std::string required_id(const char* field, const flatbuffers::String* value);

  /// Enumerators have equal numbers on both sides; `Wire::MAX` is the last this worker knows.
  template <typename T, typename Wire>
  T choice(const char* field, Wire value) {
    const auto number = static_cast<unsigned>(value);
    if (number > static_cast<unsigned>(Wire::MAX)) {
      unknown_choice(field, number, static_cast<unsigned>(Wire::MAX));
      return T{};
    }
    return static_cast<T>(number);
  }

  template <typename T>
  static std::optional<T> optional(const flatbuffers::Optional<T>& value) {
    return value.has_value() ? std::optional<T>(*value) : std::nullopt;
  }

  /// A nested table that must be there: `read(table)` converts it.
  template <typename Table, typename Read>
  auto required(const char* field, const Table* table, Read read)
      -> std::invoke_result_t<Read, const Table&> {
    if (table == nullptr) {
      fail(field, "missing");
      return {};
    }
    const Scope scope(*this, field, kNoIndex);
    return read(*table);
  }

  /// Absent is empty. Bounded by the frame.
  std::vector<std::uint8_t> bytes(const char* field, const flatbuffers::Vector<std::uint8_t>* value);
  /// Absent is empty.
  std::vector<std::uint16_t> numbers(const char* field, const flatbuffers::Vector<std::uint16_t>* value);

  /// Absent is empty.
  template <typename Table, typename Read>
  auto list(const char* field, const flatbuffers::Vector<flatbuffers::Offset<Table>>* tables, Read read)
      -> std::vector<std::invoke_result_t<Read, const Table&>> {
    std::vector<std::invoke_result_t<Read, const Table&>> values;
    if (tables == nullptr || !fits(field, tables->size())) return values;
    values.reserve(tables->size());
    for (flatbuffers::uoffset_t i = 0; i < tables->size() && ok(); ++i) {
      const Scope scope(*this, field, static_cast<int>(i));
      values.push_back(read(*tables->Get(i)));
    }
    return values;
  }

  bool fits(const char* field, std::size_t size);

 private:
  static constexpr int kNoIndex = -1;
  struct Step {
    const char* field;
    int index;
  };
  class Scope {
   public:
    Scope(Reader& reader, const char* field, int index) : reader_(reader) {
      reader_.path_.push_back({field, index});
    }
    ~Scope() { reader_.path_.pop_back(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Reader& reader_;
  };

  void unknown_choice(const char* field, unsigned number, unsigned last);

  std::vector<Step> path_;
  std::optional<Error> error_;
};

/// RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF.
bool is_utf8(const std::uint8_t* bytes, std::size_t size);

}  // namespace sluice::control
