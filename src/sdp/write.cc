// A description as text, in the order browsers use.
#include "sdp/sdp.h"

namespace sluice::sdp {
namespace {

class Writer {
 public:
  std::string run(const SessionDescription& d) {
    line('v', "0");
    const Origin& o = d.origin;
    line('o', o.username + ' ' + std::to_string(o.session_id) + ' ' + std::to_string(o.session_version) +
                  ' ' + o.network_type + ' ' + o.address_type + ' ' + o.address);
    line('s', d.name);
    for (const Line& l : d.lines) line(l.type, l.value);
    for (const Group& g : d.groups) {
      std::string value = g.semantics;
      for (const std::string& mid : g.mids) value += ' ' + mid;
      attribute("group", value);
    }
    if (d.ice_lite) flag("ice-lite");
    shared(d);
    for (const MediaDescription& m : d.media) media(m);
    return std::move(out_);
  }

 private:
  void line(char type, std::string_view value) {
    out_ += type;
    out_ += '=';
    out_ += value;
    out_ += "\r\n";
  }
  void flag(std::string_view name) {
    out_ += "a=";
    out_ += name;
    out_ += "\r\n";
  }
  void attribute(std::string_view name, std::string_view value) {
    out_ += "a=";
    out_ += name;
    out_ += ':';
    out_ += value;
    out_ += "\r\n";
  }

  void shared(const SharedAttributes& s) {
    if (s.ice_ufrag) attribute("ice-ufrag", *s.ice_ufrag);
    if (s.ice_pwd) attribute("ice-pwd", *s.ice_pwd);
    if (!s.ice_options.empty()) {
      std::string value;
      for (const std::string& option : s.ice_options) value += (value.empty() ? "" : " ") + option;
      attribute("ice-options", value);
    }
    for (const Fingerprint& f : s.fingerprints) attribute("fingerprint", f.algorithm + ' ' + f.value);
    if (s.setup) attribute("setup", to_string(*s.setup));
    if (s.tls_id) attribute("tls-id", *s.tls_id);
    if (s.extmap_allow_mixed) flag("extmap-allow-mixed");
    for (const Extmap& e : s.extmaps) {
      std::string value = std::to_string(e.id);
      if (e.direction) value.append("/").append(to_string(*e.direction));
      value += ' ' + e.uri;
      if (!e.attributes.empty()) value += ' ' + e.attributes;
      attribute("extmap", value);
    }
    if (s.direction) flag(to_string(*s.direction));
    for (const Attribute& a : s.other) {
      if (a.value) {
        attribute(a.name, *a.value);
      } else {
        flag(a.name);
      }
    }
  }

  void media(const MediaDescription& m) {
    std::string value = m.media + ' ' + std::to_string(m.port);
    if (m.port_count) value += '/' + std::to_string(*m.port_count);
    value += ' ' + m.protocol;
    for (const std::string& format : m.formats) value += ' ' + format;
    line('m', value);
    for (const Line& l : m.lines) line(l.type, l.value);
    for (const Candidate& c : m.candidates) attribute("candidate", write_candidate(c));
    if (m.end_of_candidates) flag("end-of-candidates");
    if (m.mid) attribute("mid", *m.mid);
    shared(m);
    if (m.bundle_only) flag("bundle-only");
    for (const Msid& id : m.msids)
      attribute("msid", id.track.empty() ? id.stream : id.stream + ' ' + id.track);
    if (m.rtcp_mux) flag("rtcp-mux");
    if (m.rtcp_mux_only) flag("rtcp-mux-only");
    if (m.rtcp_rsize) flag("rtcp-rsize");
    codecs(m);
    sources(m);
    if (m.sctp_port) attribute("sctp-port", std::to_string(*m.sctp_port));
    if (m.max_message_size) attribute("max-message-size", std::to_string(*m.max_message_size));
  }

  void codecs(const MediaDescription& m) {
    for (const Rtpmap& r : m.rtpmaps) {
      std::string value =
          std::to_string(r.payload_type) + ' ' + r.encoding + '/' + std::to_string(r.clock_rate);
      if (r.channels) value += '/' + std::to_string(*r.channels);
      attribute("rtpmap", value);
    }
    for (const RtcpFb& fb : m.rtcp_fbs) {
      std::string value = (fb.payload_type ? std::to_string(*fb.payload_type) : "*") + ' ' + fb.type;
      if (!fb.parameter.empty()) value += ' ' + fb.parameter;
      attribute("rtcp-fb", value);
    }
    if (m.ptime) attribute("ptime", milliseconds(*m.ptime));
    if (m.maxptime) attribute("maxptime", milliseconds(*m.maxptime));
    for (const Fmtp& f : m.fmtps) attribute("fmtp", std::to_string(f.payload_type) + ' ' + f.config);
  }

  static std::string milliseconds(std::uint32_t us) {
    std::string out = std::to_string(us / 1000);
    if (us % 1000 == 0) return out;
    out += '.' + std::to_string(1000 + us % 1000).substr(1);
    while (out.back() == '0') out.pop_back();
    return out;
  }

  void sources(const MediaDescription& m) {
    for (const Rid& r : m.rids)
      attribute("rid",
                r.id + (r.send ? " send" : " recv") + (r.restrictions.empty() ? "" : ' ' + r.restrictions));
    if (m.simulcast) {
      std::string value;
      if (!m.simulcast->send.empty()) value = "send " + streams(m.simulcast->send);
      if (!m.simulcast->recv.empty())
        value += (value.empty() ? "recv " : " recv ") + streams(m.simulcast->recv);
      attribute("simulcast", value);
    }
    for (const SsrcGroup& g : m.ssrc_groups) {
      std::string value = g.semantics;
      for (std::uint32_t ssrc : g.ssrcs) value += ' ' + std::to_string(ssrc);
      attribute("ssrc-group", value);
    }
    for (const SsrcAttribute& s : m.ssrcs)
      attribute("ssrc", std::to_string(s.ssrc) + ' ' + s.name + (s.value ? ':' + *s.value : std::string()));
  }

  static std::string streams(const Simulcast::Streams& all) {
    std::string out;
    for (const auto& stream : all) {
      if (!out.empty()) out += ';';
      std::string list;
      for (const auto& alternative : stream) {
        if (!list.empty()) list += ',';
        list += (alternative.paused ? "~" : "") + alternative.rid;
      }
      out += list;
    }
    return out;
  }

  std::string out_;
};

}  // namespace

std::string write(const SessionDescription& description) {
  return Writer().run(description);
}

}  // namespace sluice::sdp
