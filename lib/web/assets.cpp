#include "web/assets.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/file.h"
#include "web/gzip.h"

namespace cbx::web {
namespace {

constexpr size_t kLargestFile = size_t{8} << 20, kLargestSet = size_t{64} << 20;
// Less than this is one packet either way.
constexpr size_t kWorthZipping = 512;

constexpr std::string_view kPage = "index.html";
constexpr std::string_view kModules = "node_modules", kVendor = "vendor", kVendorList = "vendor.txt";

struct Type {
  std::string_view ending, type;
  bool zip;
};
// What pages are made of; anything else in the folder is not served.
constexpr std::array kTypes{
    Type{".js", "text/javascript; charset=utf-8", true},
    Type{".mjs", "text/javascript; charset=utf-8", true},
    Type{".css", "text/css; charset=utf-8", true},
    Type{".svg", "image/svg+xml", true},
    Type{".webmanifest", "application/manifest+json", true},
    Type{".LICENSE.txt", "text/plain; charset=utf-8", true},
    Type{"/LICENSE.txt", "text/plain; charset=utf-8", true},
    Type{".png", "image/png", false},
    Type{".ico", "image/vnd.microsoft.icon", false},
    Type{".webp", "image/webp", false},
    Type{".woff2", "font/woff2", false},
};

const Type* type_of(std::string_view name) {
  const auto* it = std::ranges::find_if(kTypes, [&](const Type& type) { return name.ends_with(type.ending); });
  return it == kTypes.end() ? nullptr : it;
}

std::string hash_of(const std::map<std::string, std::string>& texts) {
  crypto_generichash_state state;
  std::array<unsigned char, crypto_generichash_BYTES_MIN> sum{};
  crypto_generichash_init(&state, nullptr, 0, sum.size());
  const auto add = [&](std::string_view text) {
    const std::string size = fmt::format("{}:", text.size());
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(size.data()), size.size());
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  };
  for (const auto& [name, text] : texts) {
    add(name);
    add(text);
  }
  crypto_generichash_final(&state, sum.data(), sum.size());
  std::string hex;
  for (size_t i = 0; i < 8; i++) hex += fmt::format("{:02x}", sum[i]);
  return hex;
}

Asset make_asset(std::string_view type, bool zip, std::string etag, std::string text) {
  Asset asset{std::string(type), std::move(etag), nullptr, nullptr};
  if (zip && text.size() >= kWorthZipping)
    if (std::string zipped = gzip(text); !zipped.empty() && zipped.size() < text.size() / 10 * 9)
      asset.zipped = std::make_shared<const std::string>(std::move(zipped));
  asset.text = std::make_shared<const std::string>(std::move(text));
  return asset;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

// Reads the files of a folder into names and texts.
class Reader {
 public:
  explicit Reader(std::string folder) : folder_(std::move(folder)) {}

  Status read() {
    CBX_TRY(walk("", true));
    if (!texts_.contains(std::string(kPage)))
      return fail(ErrorCode::no_input, fmt::format("'{}' has no {}", folder_, kPage));
    std::error_code error;
    if (std::filesystem::is_directory(path(kVendor), error) || !std::filesystem::exists(path(kVendorList), error))
      return {};
    return read_vendor_list();
  }

  std::map<std::string, std::string> take_texts() { return std::move(texts_); }
  std::vector<std::string> take_missing() { return std::move(missing_); }

 private:
  std::string path(std::string_view name) const { return fmt::format("{}/{}", folder_, name); }

  Status take(const std::string& name, const std::string& from) {
    CBX_ASSIGN(std::string text, read_file(path(from), kLargestFile));
    bytes_ += text.size();
    if (bytes_ > kLargestSet)
      return fail(ErrorCode::data, fmt::format("'{}' holds more than {} MB", folder_, kLargestSet >> 20));
    texts_.insert_or_assign(name, std::move(text));
    return {};
  }

  // `under` is "" or ends with '/'.
  Status walk(const std::string& under, bool top) {
    std::error_code error;
    std::filesystem::directory_iterator it(path(under), error), end;
    for (; !error && it != end; it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (name.starts_with('.') || (top && name == kModules)) continue;
      std::error_code ignored;
      if (it->is_directory(ignored)) {
        if (it->is_symlink(ignored)) continue;  // it may lead round in a circle
        CBX_TRY(walk(under + name + "/", false));
      } else if (it->is_regular_file(ignored) && ((top && name == kPage) || type_of("/" + name) != nullptr)) {
        CBX_TRY(take(under + name, under + name));
      }
    }
    if (error) return fail(os_error(error.value(), fmt::format("cannot read '{}'", path(under))));
    return {};
  }

  Status read_vendor_list() {
    CBX_ASSIGN(const std::string list, read_file(path(kVendorList), size_t{64} << 10));
    for (size_t at = 0; at < list.size();) {
      const size_t end = std::min(list.find('\n', at), list.size());
      CBX_TRY(take_vendor(std::string_view(list).substr(at, end - at)));
      at = end + 1;
    }
    return {};
  }

  // "NAME PATH"; both end with '/' for a folder's .js files.
  Status take_vendor(std::string_view line) {
    if (line.empty() || line.front() == '#') return {};
    const size_t gap = line.find(' '), next = line.find_first_not_of(' ', gap);
    const bool two = gap != std::string_view::npos && next != std::string_view::npos;
    const std::string name(line.substr(0, gap)), from(two ? line.substr(next) : "");
    if (!two || from.find(' ') != std::string::npos || from.find("..") != std::string::npos ||
        name.ends_with('/') != from.ends_with('/'))
      return fail(ErrorCode::data,
                  fmt::format("'{}' has a line that is none: '{}'", path(kVendorList), printable(line)));
    const std::string source = fmt::format("{}/{}", kModules, from), target = fmt::format("{}/{}", kVendor, name);
    std::error_code error;
    if (!std::filesystem::exists(path(source), error)) {
      missing_.push_back(from);
      return {};
    }
    if (!name.ends_with('/')) return take(target, source);
    std::filesystem::directory_iterator it(path(source), error), none;
    for (; !error && it != none; it.increment(error))
      if (const std::string file = it->path().filename().string(); file.ends_with(".js"))
        CBX_TRY(take(target + file, source + file));
    if (error) return fail(os_error(error.value(), fmt::format("cannot read '{}'", path(source))));
    return {};
  }

  const std::string folder_;
  std::map<std::string, std::string> texts_;
  std::vector<std::string> missing_;
  size_t bytes_ = 0;
};

}  // namespace

Result<AssetSet> read_assets(const std::string& folder) {
  Reader reader(folder);
  CBX_TRY(reader.read());
  auto texts = reader.take_texts();
  AssetSet set;
  set.missing = reader.take_missing();
  set.version = hash_of(texts);
  std::string page = std::move(texts.extract(std::string(kPage)).mapped());
  replace_all(page, "%ASSETS%", "/assets/" + set.version);
  replace_all(page, "%NOTICE%",
              set.missing.empty() ? ""
                                  : "<p role=\"alert\">This server has no player: whoever runs it has to run "
                                    "<code>share/web/install.sh</code> and to start it again.</p>");
  // The notice depends on what is no file.
  const std::string etag = set.version + (set.missing.empty() ? "" : "-incomplete");
  set.page = make_asset("text/html; charset=utf-8", true, etag, std::move(page));
  for (auto& [name, text] : texts) {
    const Type* type = type_of("/" + name);
    const std::string sum = hash_of({{name, text}});
    set.files.emplace(name, make_asset(type->type, type->zip, sum, std::move(text)));
  }
  return set;
}

Result<std::unique_ptr<Assets>> Assets::load(std::string folder, const Logger& log) {
  std::unique_ptr<Assets> assets(new Assets(std::move(folder), log));
  CBX_TRY(assets->reload());
  return assets;
}

Status Assets::reload() {
  CBX_ASSIGN(AssetSet set, read_assets(folder_));
  if (!set.missing.empty())
    log_.warn("the page has no player: '{}/{}' is missing; run '{}/install.sh' and reload", kModules,
              set.missing.front(), folder_);
  auto shared = std::make_shared<const AssetSet>(std::move(set));
  const std::lock_guard lock(mutex_);
  current_ = std::move(shared);
  return {};
}

std::shared_ptr<const AssetSet> Assets::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace cbx::web
