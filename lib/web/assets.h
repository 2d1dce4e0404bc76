// The page's files, in memory, and the routes that serve them: index.html at every address of the page, all others
// under /assets/VERSION.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "http/server.h"

namespace cbx::web {

struct Asset {
  std::string type;                           // Content-Type
  std::string etag;                           // without quotes
  std::shared_ptr<const std::string> text;    // the file
  std::shared_ptr<const std::string> zipped;  // the same as gzip (RFC 1952); null where that gains nothing
};

// The files of one folder as they were when it was read.
struct AssetSet {
  std::string version;                              // of all of it: 16 hex digits
  Asset page;                                       // index.html, its placeholders replaced
  std::map<std::string, Asset, std::less<>> files;  // "app.js", "vendor/hls.mjs"
  std::vector<std::string> missing;                 // of vendor.txt, that are not there
};

// Reads the folder: index.html, and all files of the types that pages are made of, without node_modules and what
// begins with a dot.  Where there is no folder `vendor`, the list vendor.txt names what of node_modules stands for it.
//
// In index.html, %ASSETS% becomes "/assets/VERSION", and %NOTICE% what the reader has to be told instead of a page that
// works, or nothing.  Errors: no_input (no folder, no index.html), data (a file or the whole is too large, a list that
// is none), permission, io.
Result<AssetSet> read_assets(const std::string& folder);

// Thread-safe.
class Assets {
 public:
  // Errors as read_assets().  What is missing is said in the log.
  static Result<std::unique_ptr<Assets>> load(std::string folder, const Logger& log);

  // Reads the folder anew; on error the old files stay.
  Status reload();
  std::shared_ptr<const AssetSet> current() const;

 private:
  Assets(std::string folder, const Logger& log) : folder_(std::move(folder)), log_(log) {}
  const std::string folder_;
  const Logger& log_;
  mutable std::mutex mutex_;
  std::shared_ptr<const AssetSet> current_;
};

// Pages and assets: for anybody, they say nothing of anybody.  `assets` lives as long as the server.
void add_page_routes(const Assets& assets, std::vector<http::Route>& routes);
// A Server::Hooks::missing: a page for people who have mistyped an address; nullopt for scripts, and below /api and
// /media.
std::optional<http::Response> missing_page(const http::Request& request);

}  // namespace cbx::web
