#include "sfu/sequence_rewriter.h"

#include <algorithm>

namespace sluice::sfu {

SequenceNumber SequenceRewriter::start_span(SequenceNumber in, SequenceNumber out) {
  if (span_count_ == kSpans) {
    std::move(spans_.begin() + 1, spans_.end(), spans_.begin());
    --span_count_;
  }
  spans_[span_count_++] = {in, out};
  next_ = out.plus(1);
  synchronized_ = true;
  return out;
}

std::optional<SequenceNumber> SequenceRewriter::rewrite(SequenceNumber in) {
  if (!synchronized_) return start_span(in, next_);
  const Span& span = spans_[span_count_ - 1];
  const SequenceNumber newest_in = span.first_in.plus(next_.minus(span.first_out) - 1);
  if (in.minus(newest_in) > kMaxGap) return start_span(in, next_.plus(1));
  const int distance = in.minus(span.first_in);
  if (distance < 0) return std::nullopt;
  const SequenceNumber out = span.first_out.plus(distance);
  if (!next_.newer_than(out)) next_ = out.plus(1);
  // The span's start moves along behind the newest packet, so that the comparison above never meets the wrap.
  // What lies before it is far older than any history.
  if (next_.minus(span.first_out) > 0x2000) {
    spans_[0] = {span.first_in.plus(0x1000), span.first_out.plus(0x1000)};
    span_count_ = 1;
  }
  return out;
}

std::optional<SequenceNumber> SequenceRewriter::original(SequenceNumber out) const {
  if (!next_.newer_than(out)) return std::nullopt;
  for (std::size_t i = span_count_; i-- > 0;) {
    const Span& span = spans_[i];
    if (out.minus(span.first_out) >= 0) return span.first_in.plus(out.minus(span.first_out));
  }
  return std::nullopt;
}

}  // namespace sluice::sfu
