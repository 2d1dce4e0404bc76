#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "commands.h"
#include "index/why.h"

namespace cbx::index_tool {
namespace {

using Json = nlohmann::ordered_json;

std::string clock_time(WallMs t, UtcOffset offset) {
  return cli::human_time(t, offset).substr(11);
}

Json to_json(const index::Connection& c) {
  Json j{{"connection", c.id}};
  if (c.open) j["open"] = format_rfc3339(*c.open);
  if (c.close) j["close"] = format_rfc3339(*c.close);
  j["peer"] = c.peer;
  j["encryption"] = c.encryption;
  j["latency_ms"] = c.latency_ms;
  if (!c.cause.empty()) j["cause"] = c.cause;
  if (!c.detail.empty()) j["detail"] = c.detail;
  return j;
}

Json to_json(const index::Why& why) {
  Json j{{"v", 1},
         {"type", "why"},
         {"device", why.device},
         {"from", format_rfc3339(why.minute.from)},
         {"to", format_rfc3339(why.minute.to)},
         {"covered_ms", why.covered.count()}};
  j["segments"] = Json::array();
  for (const auto& s : why.segments) j["segments"].push_back(Json::parse(to_line(s)));
  j["gaps"] = Json::array();
  for (const auto& g : why.gaps)
    j["gaps"].push_back({{"start", format_rfc3339(g.range.from)},
                         {"duration_ms", g.range.length().count()},
                         {"cause", g.cause},
                         {"detail", g.detail}});
  j["connections"] = Json::array();
  for (const auto& c : why.connections) j["connections"].push_back(to_json(c));
  if (why.before) j["previous_connection"] = to_json(*why.before);
  if (why.link)
    j["link"] = {{"duration_ms", why.link->duration_ms},
                 {"bytes", why.link->bytes},
                 {"packets", why.link->packets},
                 {"missing", why.link->missing},
                 {"retransmitted", why.link->retransmitted},
                 {"lost", why.link->lost},
                 {"rtt_ms", why.link->rtt_ms},
                 {"buffer_ms", why.link->buffer_ms},
                 {"connections", why.link->connections}};
  j["events"] = Json::array();
  for (const auto& e : why.events) j["events"].push_back(Json::parse(to_line(e)));
  return j;
}

std::string cause_text(const std::string& cause) {
  if (cause == "offline") return "the camera was not connected";
  if (cause == "stalled") return "the camera was connected but sent nothing";
  if (cause == "bad_data") return "data came in, but no picture could be made of it";
  if (cause == "unsupported") return "what the camera sent cannot be recorded";
  if (cause == "disk") return "the disk was full or failing";
  if (cause == "lost") return "packets were lost for good";
  if (cause == "deleted") return "it was recorded and has been deleted";
  return cause == "unknown" ? "nothing says why" : printable(cause);
}

std::string connection_text(const index::Connection& c, UtcOffset offset) {
  std::string text = fmt::format("Connection {} from {} was opened {}", printable(c.id), printable(c.peer),
                                 c.open ? cli::human_time(*c.open, offset) : "at an unknown time");
  text += c.encryption ? fmt::format(" (AES-{}, latency {} ms)", c.encryption, c.latency_ms)
                       : fmt::format(" (not encrypted, latency {} ms)", c.latency_ms);
  if (c.close)
    text += fmt::format(" and ended {} ({}{})", cli::human_time(*c.close, offset), printable(c.cause),
                        c.detail.empty() ? "" : ": " + printable(c.detail));
  return text + ".";
}

std::string link_text(const index::LinkMinute& l) {
  const double packets = static_cast<double>(std::max<int64_t>(l.packets + l.lost, 1));
  return fmt::format(
      "The link carried {} at {}; {} packets were missing at first, {} came as retransmissions, {} were "
      "given up ({:.2f} %); RTT {} ms, buffer {} ms.",
      cli::human_bytes(l.bytes), cli::human_bit_rate(l.duration_ms > 0 ? l.bytes * 8000 / l.duration_ms : 0), l.missing,
      l.retransmitted, l.lost, 100.0 * static_cast<double>(l.lost) / packets, l.rtt_ms, l.buffer_ms);
}

void print(cli::Output& out, const Session& session, const index::Why& why) {
  const UtcOffset offset = session.store.utc_offset();
  const std::string& nickname = session.nickname(why.device);
  const Millis expected = TimeRange{why.minute.from, std::min(why.minute.to, session.now)}.length();
  out.line(fmt::format("{}{}, {} to {}: {} of {} recorded.", why.device, nickname.empty() ? "" : " (" + nickname + ")",
                       cli::human_time(why.minute.from, offset), clock_time(why.minute.to, offset),
                       cli::human_duration(why.covered), cli::human_duration(expected)));
  for (const auto& g : why.gaps)
    out.line(fmt::format("Missing {} to {} ({}): {}{}.", clock_time(g.range.from, offset),
                         clock_time(g.range.to, offset), cli::human_duration(g.range.length()), cause_text(g.cause),
                         g.detail.empty() ? "" : " (" + printable(g.detail) + ")"));
  for (const auto& c : why.connections) out.line(connection_text(c, offset));
  if (why.connections.empty()) out.line("No connection was open.");
  if (why.before) out.line("Before that: " + connection_text(*why.before, offset));
  if (why.link)
    out.line(link_text(*why.link));
  else
    out.line("Nothing is on record about the link in this minute.");
  for (const auto& s : why.segments)
    out.line(fmt::format("File {}: {}, {}, ended by '{}'{}.", s.path, cli::human_duration(Millis{s.duration_ms}),
                         cli::human_bytes(s.bytes), printable(s.end),
                         s.lost ? fmt::format(", {} packets lost inside", s.lost) : ""));
  for (const auto& e : why.events)
    out.line(fmt::format("Event {}: {}{}.", clock_time(e.time, offset), printable(e.kind),
                         e.note.empty() ? "" : " (" + printable(e.note) + ")"));
}

struct Options {
  std::string device;
  std::vector<std::string> time;
};

Result<int> why(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto session, Session::open(tool));
  CBX_ASSIGN(const std::string device, cli::select_device(options.device, session.devices));
  CBX_ASSIGN(const WallMs time, cli::parse_time(fmt::format("{}", fmt::join(options.time, " ")), session.times()));
  CBX_ASSIGN(const auto explained, index::explain(session.index, device, time, session.now));
  cli::Output out;
  if (tool.json())
    out.line(to_json(explained).dump());
  else
    print(out, session, explained);
  CBX_TRY(out.flush());
  return 0;
}

}  // namespace

void add_why(cli::Tool& tool, const Choose& choose) {
  auto o = std::make_shared<Options>();
  auto* sub = tool.app().add_subcommand("why", "Say all that is known of one minute: link, connection, files, gaps");
  sub->add_option("device", o->device, "Id or nickname")->required()->type_name("DEVICE");
  sub->add_option("time", o->time, "A time in that minute")->required()->type_name("TIME");
  sub->callback([&tool, choose, o] { choose([&tool, o] { return why(tool, *o); }); });
}

}  // namespace cbx::index_tool
