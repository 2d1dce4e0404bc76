// Whether a JSON value is as its schema says, and says nothing that its schema doesn't: the part of JSON Schema that
// openapi_schemas.cpp uses, of which an unknown keyword is an error, too.
#pragma once

#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace cbx::web {

class SchemaCheck {
 public:
  explicit SchemaCheck(const nlohmann::json& schemas) : schemas_(schemas) {}

  std::vector<std::string> operator()(const std::string& name, const nlohmann::json& value) {
    faults_.clear();
    check(schemas_.at(name), value, name);
    return faults_;
  }
  // Properties that answers had, as "Schema.property".
  const std::set<std::string>& seen() const { return seen_; }

 private:
  using Json = nlohmann::json;

  void fault(const std::string& where, const std::string& what) { faults_.push_back(where + ": " + what); }

  static std::string referred(const Json& schema) {
    const std::string ref = schema.at("$ref");
    return ref.substr(ref.rfind('/') + 1);
  }

  void properties(const Json& schema, const std::string& name, std::map<std::string, std::pair<Json, std::string>>& out,
                  std::set<std::string>& required) {
    for (const Json& part : schema.value("allOf", Json::array())) {
      const std::string other = referred(part);
      properties(schemas_.at(other), other, out, required);
    }
    const Json own = schema.value("properties", Json::object());
    for (const auto& [key, sub] : own.items()) out[key] = {sub, name + "." + key};
    for (const std::string key : schema.value("required", Json::array())) required.insert(key);
  }

  void check(const Json& schema, const Json& value, const std::string& name) {
    if (schema.contains("$ref")) return check(schemas_.at(referred(schema)), value, referred(schema));
    static const std::set<std::string> kKnown = {
        "type",     "format",   "pattern",    "description", "examples",  "minimum",
        "maximum",  "required", "properties", "enum",        "const",     "items",
        "maxItems", "allOf",    "default",    "minLength",   "maxLength", "additionalProperties"};
    for (const auto& [keyword, ignored] : schema.items())
      if (!kKnown.contains(keyword)) fault(name, "unknown keyword " + keyword);
    if (schema.contains("enum") &&
        std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
      fault(name, "not one of the values: " + value.dump());
    if (schema.contains("const") && schema["const"] != value) fault(name, "not the value: " + value.dump());
    const std::string type = schema.value("type", "");
    if (type == "object") return object(schema, value, name);
    if (type == "array") return array(schema, value, name);
    const bool fits = type == "string"    ? value.is_string()
                      : type == "integer" ? value.is_number_integer()
                      : type == "number"  ? value.is_number()
                      : type == "boolean" ? value.is_boolean()
                                          : type.empty();
    if (!fits) fault(name, "no " + type + ": " + value.dump());
    if (fits && schema.contains("pattern") &&
        !std::regex_search(value.get<std::string>(), std::regex(schema["pattern"].get<std::string>())))
      fault(name, "not of the pattern: " + value.dump());
    if (fits && schema.contains("minimum") && value < schema["minimum"]) fault(name, "too small: " + value.dump());
    if (fits && schema.contains("maximum") && value > schema["maximum"]) fault(name, "too large: " + value.dump());
  }

  void object(const Json& schema, const Json& value, const std::string& name) {
    if (!value.is_object()) return fault(name, "no object: " + value.dump());
    std::map<std::string, std::pair<Json, std::string>> known;
    std::set<std::string> required;
    properties(schema, name, known, required);
    for (const auto& key : required)
      if (!value.contains(key)) fault(name, "lacks " + key);
    for (const auto& [key, part] : value.items()) {
      const auto found = known.find(key);
      if (found == known.end()) {
        fault(name, "does not describe " + key);
        continue;
      }
      seen_.insert(found->second.second);
      check(found->second.first, part, found->second.second);
    }
  }

  void array(const Json& schema, const Json& value, const std::string& name) {
    if (!value.is_array()) return fault(name, "no array: " + value.dump());
    for (const Json& item : value) check(schema.at("items"), item, name + "[]");
  }

  const Json& schemas_;
  std::vector<std::string> faults_;
  std::set<std::string> seen_;
};

}  // namespace cbx::web
