// Pictures of what is recorded, for cards and previews.
#include <fmt/format.h>

#include "web/media.h"
#include "web/when.h"

namespace cbx::web {
namespace {

constexpr std::string_view kEnding = ".jpg";
constexpr int kUsual = 320, kLeast = 64, kMost = 1920;
constexpr std::chrono::seconds kPatience{40};
// `latest` is not asked for more often than it changes.
constexpr const char* kAWhile = "private, max-age=5";

struct Asked {
  std::optional<WallMs> at;  // nullopt: the latest
  int width = kUsual;
};

Result<Asked> read(const http::Request& request) {
  Asked asked;
  std::string_view name = request.param("picture");
  if (!name.ends_with(kEnding)) return fail(ErrorCode::no_input, "there is nothing at this address");
  name.remove_suffix(kEnding.size());
  if (name != "latest") {
    const auto at = parse_rfc3339(name);
    if (!at) return fail(ErrorCode::usage, "say latest.jpg, or a time as 2026-11-20T08:14:05Z.jpg");
    asked.at = *at;
  }
  if (const auto text = request.query_value("width")) {
    const auto width = parse_number(*text);
    if (!width || *width < kLeast || *width > kMost)
      return fail(ErrorCode::usage, fmt::format("'width' is from {} to {}", kLeast, kMost));
    asked.width = static_cast<int>(*width);
  }
  return asked;
}

http::Response send(const http::Request& request, const KeyPicture& picture, const Asked& asked,
                    const std::shared_ptr<const std::string>& jpeg) {
  http::Representation r;
  r.size = jpeg->size();
  r.body = jpeg;
  r.type = "image/jpeg";
  r.etag = fmt::format("{:x}-{:x}-{}", picture.file->start.time_since_epoch().count(),
                       picture.time.time_since_epoch().count(), asked.width);
  r.cache_control = picture.settled ? kForEver : kAWhile;
  return http::represent(request, std::move(r)).with("X-CBX-Time", format_rfc3339(picture.time));
}

http::Response refuse(const Media& media, const Error& error) {
  if (error.code() == ErrorCode::data) return http::problem(404, "this picture cannot be shown");
  if (error.code() == ErrorCode::unavailable)
    return http::problem(503, "pictures can't be made at the moment").with("Retry-After", "30");
  return refuse_file(media, error);
}

// Which picture was begun for this request: `latest` may mean another one when it is there.
struct Begun {
  KeyPicture picture;
  std::shared_ptr<Pictures::Job> job;
};

}  // namespace

http::Answer picture(Media& media, const Visit& visit) {
  const auto asked = read(visit.request);
  if (!asked) return http::problem(asked.error());
  if (!visit.request.memory) {
    auto found = media.pictures.find(visit.opened, asked->at);
    if (!found) return refuse_file(media, found.error());
    if (const auto jpeg = media.pictures.known(*found, asked->width)) return send(visit.request, *found, *asked, jpeg);
    auto job = media.pictures.make(*found, asked->width);
    if (!job) return http::problem(job.error());
    visit.request.memory = std::make_shared<Begun>(Begun{*std::move(found), *std::move(job)});
  }
  const auto begun = std::static_pointer_cast<Begun>(visit.request.memory);
  const uint64_t seen = begun->job->changed()->count();
  if (const auto result = begun->job->result()) {
    if (!*result) return refuse(media, result->error());
    // It may have been deleted while its picture was made.
    if (const auto still = visit.opened.file(begun->picture.file->start); !still)
      return refuse_file(media, still.error());
    return send(visit.request, begun->picture, *asked, **result);
  }
  if (visit.request.waited) return http::problem({ErrorCode::try_again, "the picture is still being made"});
  return http::Wait{begun->job->changed(), seen, std::chrono::steady_clock::now() + kPatience};
}

}  // namespace cbx::web
