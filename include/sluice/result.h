// How a refused request is told: an error code, the field at fault and a sentence, carried by value. No
// exceptions cross a module.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace sluice {

enum class ErrorCode {
  kInvalidArgument,  ///< A value is malformed or out of range (a TypeError in the controllers).
  kNotFound,         ///< No object has this id.
  kAlreadyExists,    ///< The id or name is taken.
  kInvalidState,     ///< Not possible in the state the object is in.
  kUnsupported,    ///< Well-formed, but no common ground (codecs, suites) or not implemented by this worker.
  kLimitExceeded,  ///< A limit on what can grow was reached.
  kInternal,       ///< A failure of a library or of the system, not of the request.
};

/// A refusal a person can act on.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string field;    ///< Path of the field at fault, e.g. "rtpParameters.codecs[0].mimeType", or an SDP
                        ///< line; may be empty.
  std::string message;  ///< One sentence: what was wrong and what was expected.
};

/// A value or an Error.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] T& value() & { return *std::get_if<0>(&state_); }
  [[nodiscard]] const T& value() const& { return *std::get_if<0>(&state_); }
  [[nodiscard]] T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
  bool failed_ = false;
};

inline Error invalid_argument(std::string field, std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(field), std::move(message)};
}

}  // namespace sluice
