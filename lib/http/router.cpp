#include "http/router.h"

#include <algorithm>

namespace cbx::http {
namespace {

// How a name for all the rest of a path ends.
constexpr std::string_view kTail = "...}";

// Takes the first segment off "/a/b".
std::string_view take_segment(std::string_view& rest) {
  rest.remove_prefix(1);
  const size_t end = std::min(rest.find('/'), rest.size());
  const std::string_view segment = rest.substr(0, end);
  rest.remove_prefix(end);
  return segment;
}

}  // namespace

Result<Router> Router::make(std::vector<Route> routes) {
  Router router;
  router.routes_ = std::move(routes);
  router.names_.resize(router.routes_.size());
  for (size_t i = 0; i < router.routes_.size(); i++) CBX_TRY(router.add(i));
  return router;
}

Status Router::add(size_t index) {
  const Route& route = routes_[index];
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorCode::internal, fmt::format("route '{} {}' {}", method_name(route.method), route.pattern, why));
  };
  if (!route.pattern.starts_with('/') || !route.handler) return wrong("has no path or no handler");
  Node* node = root_.get();
  for (std::string_view rest = route.pattern == "/" ? std::string_view() : route.pattern; !rest.empty();) {
    const std::string_view segment = take_segment(rest);
    if (segment.empty()) return wrong("has an empty segment");
    const bool name = segment.front() == '{' && segment.back() == '}';
    const bool tail = name && segment.ends_with(kTail);
    if (tail && !rest.empty()) return wrong("has a name for the rest before its end");
    if (name) names_[index].emplace_back(segment.substr(1, segment.size() - 1 - (tail ? kTail.size() : 1)));
    std::unique_ptr<Node>& next = tail ? node->tail : name ? node->any : node->literals[std::string(segment)];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  for (const size_t other : node->routes)
    if (routes_[other].method == route.method) return wrong("is there twice");
  node->routes.push_back(index);
  return {};
}

const Router::Node* Router::walk(const Node& node, std::string_view rest, std::vector<std::string_view>& values,
                                 const Fits& fits) {
  if (rest.empty()) return fits(node) ? &node : nullptr;
  const std::string_view all = rest.substr(1);
  const std::string_view segment = take_segment(rest);
  if (const auto it = node.literals.find(segment); it != node.literals.end())
    if (const Node* found = walk(*it->second, rest, values, fits)) return found;
  if (segment.empty()) return nullptr;
  if (node.any) {
    values.push_back(segment);
    if (const Node* found = walk(*node.any, rest, values, fits)) return found;
    values.pop_back();
  }
  if (!node.tail || !fits(*node.tail)) return nullptr;
  values.push_back(all);
  return node.tail.get();
}

Router::Match Router::find(Method method, std::string_view path, Fields& params) const {
  const std::string_view rest = path == "/" ? std::string_view() : path;
  const auto with_method = [&](const Node& node, Method wanted) {
    const auto it = std::ranges::find(node.routes, wanted, [&](size_t i) { return routes_[i].method; });
    return it == node.routes.end() ? kNone : *it;
  };
  const auto route_of = [&](const Node& node) {
    const size_t route = with_method(node, method);
    return route == kNone && method == Method::head ? with_method(node, Method::get) : route;
  };
  std::vector<std::string_view> values;
  const Node* node = walk(*root_, rest, values, [&](const Node& n) { return route_of(n) != kNone; });
  if (node == nullptr) node = walk(*root_, rest, values, [](const Node& n) { return !n.routes.empty(); });
  Match match;
  if (node == nullptr) return match;
  match.route = route_of(*node);
  if (match.route == kNone) {
    for (const size_t i : node->routes) {
      if (!match.allow.empty()) match.allow += ", ";
      match.allow += method_name(routes_[i].method);
      if (routes_[i].method == Method::get && with_method(*node, Method::head) == kNone) match.allow += ", HEAD";
    }
    match.allow += ", OPTIONS";
    return match;
  }
  for (size_t i = 0; i < values.size(); i++) params.insert_or_assign(names_[match.route][i], std::string(values[i]));
  return match;
}

}  // namespace cbx::http
