// Which route a path means.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace cbx::http {

// Immutable once made, and thread-safe.
class Router {
 public:
  static constexpr size_t kNone = SIZE_MAX;
  struct Match {
    size_t route = kNone;  // place in the routes; none: the path is unknown, or has no such method
    std::string allow;     // the methods that the path has, "GET, HEAD"; empty: the path is unknown
  };

  // Errors: internal (a pattern that is wrong or there twice).
  static Result<Router> make(std::vector<Route> routes);

  // Sets `params`.  HEAD finds the GET route.  A literal segment wins over a name, unless only the name's route has the
  // method: a camera may be called what a POST is.
  Match find(Method method, std::string_view path, Fields& params) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> any;
    std::unique_ptr<Node> tail;  // all the rest
    std::vector<size_t> routes;
  };
  Status add(size_t index);
  // The place that the path means among those that satisfy `fits`.
  using Fits = std::function<bool(const Node&)>;
  static const Node* walk(const Node& node, std::string_view rest, std::vector<std::string_view>& values,
                          const Fits& fits);

  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> names_;  // of each route's {names}, in their order
  std::unique_ptr<Node> root_ = std::make_unique<Node>();
};

}  // namespace cbx::http
