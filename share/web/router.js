// Which view shows which path.  Patterns are tried in the order in which they were declared: '/d/{device}/live' before
// '/d/{device}/{day}'.
const routes = [];

// `load` gives the view's module: its default export is `async (context) → { element, title, update?, destroy? }`.
//   context  { params, query: URLSearchParams, user, base, link, signal: aborted when the view is left }
//   element  the view, with one h1
//   update   (context) → true when the view has taken another query, or other parameters of its own pattern, by itself
//   destroy  called when the view is left
export function route(pattern, load, options = {}) {
  const names = [];
  const source = pattern.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)\}/g, (all, name) => {
    names.push(name);
    return '([^/]+)';
  });
  routes.push({ pattern, names, expression: new RegExp(`^${source}/?$`), load, ...options });
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

// The route of a path without the base, with its parameters; null where there is none.
export function match(path) {
  for (const known of routes) {
    const found = known.expression.exec(path);
    if (!found) continue;
    const values = found.slice(1).map(decode);
    if (values.includes(null)) return null;
    return { ...known, params: Object.fromEntries(known.names.map((name, i) => [name, values[i]])) };
  }
  return null;
}
